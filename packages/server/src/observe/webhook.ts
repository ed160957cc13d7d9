import { reasonOf } from '../caller/failure-reason.ts';
import { httpTargetOf } from '../caller/http-target.ts';
import type { Runtime, Timer } from '../engine/ports.ts';
import type { Alert } from './alert.ts';

export interface WebhookParts {
  readonly url: string;
  readonly runtime: Pick<Runtime, 'setTimer'>;
  /** Resolves where it was taken; rejects where it was not. */
  post(url: string, body: string): Promise<void>;
  /** What became of an alert. */
  ended(result: 'sent' | 'dropped', alert: Alert, reason: string): void;
}

/** Beyond this many the oldest is given up: who was away that long is told of the latest. */
const mostWaiting = 1000;
const mostTries = 20;
const firstRetryMs = 1000;
const lastRetryMs = 60_000;

/**
 * Sends alerts one by one, in their order, away from whatever drives transactions. An alert that is not taken is tried
 * again for about a quarter of an hour. What waits is lost with the process: incidents themselves are stored, and listed.
 */
export class Webhook {
  readonly #parts: WebhookParts;
  #waiting: Alert[] = [];
  #isSending = false;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  send(alert: Alert): void {
    if (this.#isStopped) return;
    this.#waiting.push(alert);
    if (this.#waiting.length > mostWaiting) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) this.#parts.ended('dropped', oldest, `more than ${mostWaiting} are waiting`);
    }
    if (!this.#isSending) this.#next();
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #next(): void {
    if (this.#isStopped) return;
    const alert = this.#waiting.shift();
    this.#isSending = alert !== undefined;
    if (alert !== undefined) this.#try(alert, 1);
  }

  #try(alert: Alert, tries: number): void {
    const { url, post, ended, runtime } = this.#parts;
    post(url, JSON.stringify(alert)).then(
      () => {
        ended('sent', alert, '');
        this.#next();
      },
      (error: unknown) => {
        if (this.#isStopped) return;
        if (tries >= mostTries) {
          ended('dropped', alert, wordsOf(error));
          this.#next();
          return;
        }
        const delayMs = Math.min(firstRetryMs * 2 ** (tries - 1), lastRetryMs);
        this.#timer = runtime.setTimer(delayMs, () => this.#try(alert, tries + 1));
      },
    );
  }
}

const timeoutMs = 5000;

/** One POST of JSON. @throws Error for any status but 2xx, and for a redirect; it never names the URL */
export async function postJson(url: string, body: string): Promise<void> {
  const target = httpTargetOf(url);
  if (target === undefined) throw new Error('the URL of the webhook is not an absolute http:// or https:// URL');
  // fetch refuses a URL with user and password, in words that show them.
  const { origin, path, authorization } = target;
  const headers = { 'content-type': 'application/json', ...(authorization !== '' && { authorization }) };
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(origin + path, { method: 'POST', headers, body, signal, redirect: 'manual' });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

/** With what lies behind an error that says no more than that fetching failed. */
function wordsOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  return cause === undefined ? String(error) : `${String(error)}: ${reasonOf(cause)}`;
}
