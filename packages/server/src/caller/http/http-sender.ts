import type { Cuttable, Runtime, Sender, SendingCall } from '../../engine/ports.ts';
import type { Dialer } from '../dial/dialer.ts';
import { reasonOf } from '../failure-reason.ts';
import { readBuffer } from './connection.ts';
import { Connections } from './connections.ts';
import { Departures } from './departures.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import { type HttpForm, httpFormOf } from './form.ts';
import { HttpHeaders } from './headers.ts';
import type { SenderLimits } from './limits.ts';
import { ReadingBudget } from './reading.ts';

export { defaultSenderLimits, type SenderLimits } from './limits.ts';
export { httpTargetOf } from './target.ts';

export interface HttpSenderParts {
  /** Time of the calls. */
  readonly runtime: Runtime;
  /** The machine's time, for connections. */
  readonly upkeep: Runtime;
  readonly dialer: Dialer;
  readonly limits: SenderLimits;
  /** Holdfast's own, for User-Agent. */
  readonly version: string;
}

/** JSON for somebody who is no branch. */
export interface HttpPosting {
  readonly url: string;
  readonly body: string;
  readonly timeoutMs: number;
}

export type HttpPosted =
  | { readonly kind: 'answered'; readonly status: number }
  /** `reason` is for people, and does not show the URL. */
  | { readonly kind: 'failed'; readonly reason: string };

const noBranch = { gid: '', type: 'msg', branchId: '', op: '', protocol: 'http', headers: {} } as const;

/**
 * Sends branch calls over HTTP/1.1, JSON-RPC included, exactly as docs/http-api.md#what-holdfast-sends-to-a-branch says.
 * `ended` comes after `send` has returned, once, within the call's time-out; nothing is ever thrown: what goes wrong is
 * an outcome.
 */
export class HttpSender implements Sender {
  readonly #context: ExchangeContext;
  readonly #connections: Connections;
  readonly #reading: ReadingBudget;
  #calls = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  constructor({ runtime, upkeep, dialer, limits, version }: HttpSenderParts) {
    this.#connections = new Connections({ limits, dialer, upkeep });
    this.#reading = new ReadingBudget(limits.readingBytes, readBuffer.length);
    this.#context = {
      runtime,
      limits,
      headers: new HttpHeaders(version),
      connections: this.#connections,
      reading: this.#reading,
      departures: new Departures(),
      ended: () => this.#ended(),
    };
  }

  /** Connections that are open and have no call. */
  get idleConnections(): number {
    return this.#connections.idleCount;
  }

  /** Bytes of answers that are kept until the rest of them has come, and calls whose answers wait for that memory. */
  get reading(): { readonly bytes: number; readonly waiting: number } {
    return this.#reading;
  }

  send(sending: SendingCall): Cuttable {
    let form: HttpForm;
    try {
      form = httpFormOf(sending.call, () => this.#context.runtime.newId());
    } catch (error) {
      const message = `the call cannot be sent: ${reasonOf(error)}`;
      const outcome = { kind: 'error', message, retryAfterMs: 0 } as const;
      process.nextTick(() => sending.ended({ outcome, durationMs: 0, health: 'ok' }));
      return notSent;
    }
    return this.#start(sending, form);
  }

  /** Sends what is no call of a branch by the same rules. `done` comes once, later, within the time-out. */
  post(posting: HttpPosting, done: (posted: HttpPosted) => void): Cuttable {
    const { url, body, timeoutMs } = posting;
    let status: number | undefined;
    const form: HttpForm = {
      method: 'POST',
      body,
      isNamedInQuery: false,
      judge: (code) => {
        status = code;
        return { kind: 'success' };
      },
    };
    return this.#start(
      {
        call: { ...noBranch, url, payload: body, timeoutMs },
        mayGo: () => true,
        ended: ({ outcome }) => {
          if (outcome.kind === 'success' && status !== undefined) done({ kind: 'answered', status });
          else done({ kind: 'failed', reason: 'message' in outcome ? outcome.message : '' });
        },
      },
      form,
    );
  }

  #start(sending: SendingCall, form: HttpForm): Cuttable {
    this.#calls += 1;
    const exchange = new Exchange(this.#context, sending, form);
    exchange.start();
    return exchange;
  }

  /** Closes what is idle now and the rest as its calls end; resolves then. Send nothing afterwards. */
  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers();
    this.#connections.close();
    this.#tellClosed();
    return this.#closing.promise;
  }

  #ended(): void {
    this.#calls -= 1;
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#calls === 0) this.#closing?.resolve();
  }
}

/** Its end is under way. */
const notSent: Cuttable = { cut: () => undefined };
