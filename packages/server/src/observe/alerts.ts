import type { Runtime, Timer } from '../engine/ports.ts';
import type { OwedAlert, Store } from '../store/store.ts';
import { type Alert, alertOf, bareAlertOf } from './alert.ts';
import { type Posted, postTimeoutMs } from './webhook.ts';

export interface AlertsParts {
  readonly store: Pick<Store, 'takeAlerts' | 'alertTold' | 'load'>;
  readonly runtime: Pick<Runtime, 'setTimer'>;
  /** Of all nodes on one store about the same, and never standing still. */
  nowMs(): number;
  post(body: string): Promise<Posted>;
  /** What became of one try. */
  tried(result: Posted, alert: Alert): void;
  /** The store could not be asked or written; it is tried again. */
  failed(error: unknown): void;
}

/** In one round, all at once. */
const roundAlerts = 4;
/** After a round of which none was taken, only one is tried: after this, doubled while there is no answer at all... */
const firstPauseMs = 1000;
/** ...up to this. Also how often it looks for what other nodes owe. */
const longestPauseMs = 60_000;
/** Between two tries of one alert: longer than a try may take, so that no second one begins meanwhile. */
const firstRetryMs = postTimeoutMs + 1000;
const longestRetryMs = 300_000;

/**
 * Tells the receiver of every incident that the store says is owed, away from whatever drives transactions. Nothing
 * waits here: what is owed is read from the store when there is room to send it, so that a restart forgets nothing.
 *
 * One that is refused is tried again after ever longer, and lets the others pass; fresh ones go first. A receiver that
 * is unavailable gets one try at a time, after ever longer pauses.
 */
export class Alerts {
  readonly #parts: AlertsParts;
  #timer: Timer | undefined;
  #pauseMs = 0;
  #isAsking = false;
  /** There may be more since the round began. */
  #isOwed = false;
  #isStopped = false;

  constructor(parts: AlertsParts) {
    this.#parts = parts;
  }

  /** An alert may be owed now. Cheap; during a pause nothing happens before its end. */
  owed(): void {
    this.#isOwed = true;
    if (this.#pauseMs === 0) this.#round();
  }

  /** Nothing more is sent. What is under way counts as not told, and is told again after the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #round(): void {
    if (this.#isAsking || this.#isStopped) return;
    this.#isAsking = true;
    this.#isOwed = false;
    this.#timer?.cancel();
    this.#tell().then(
      (waitMs) => this.#rest(waitMs),
      (error: unknown) => {
        if (!this.#isStopped) this.#parts.failed(error);
        this.#pauseMs = this.#longerPauseMs();
        this.#rest(this.#pauseMs);
      },
    );
  }

  #rest(waitMs: number): void {
    this.#isAsking = false;
    if (this.#isStopped) return;
    const isNow = waitMs === 0 || (this.#isOwed && this.#pauseMs === 0);
    if (isNow) this.#round();
    else this.#timer = this.#parts.runtime.setTimer(waitMs, () => this.#round());
  }

  /** How long to wait until the next round. */
  async #tell(): Promise<number> {
    const { store, nowMs } = this.#parts;
    const limit = this.#pauseMs === 0 ? roundAlerts : 1;
    const atMs = nowMs();
    const { taken, nextMs } = await store.takeAlerts({ nowMs: atMs, firstRetryMs, longestRetryMs, limit });
    if (this.#isStopped) return longestPauseMs;
    const results = await Promise.all(taken.map((owed) => this.#try(owed)));
    this.#pauseMs = this.#pauseAfter(results);
    if (this.#pauseMs > 0) return this.#pauseMs;
    return nextMs === undefined ? longestPauseMs : Math.min(Math.max(0, nextMs - atMs), longestPauseMs);
  }

  #pauseAfter(results: readonly Posted['kind'][]): number {
    if (results.length === 0 || results.includes('sent')) return 0;
    return results.includes('refused') ? firstPauseMs : this.#longerPauseMs();
  }

  #longerPauseMs(): number {
    return Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
  }

  async #try(owed: OwedAlert): Promise<Posted['kind']> {
    const alert = await this.#read(owed);
    if (alert === undefined) return 'sent';
    const result = await this.#parts.post(JSON.stringify(alert));
    if (this.#isStopped) return result.kind;
    this.#parts.tried(result, alert);
    if (result.kind === 'sent') await this.#parts.store.alertTold(owed);
    return result.kind;
  }

  /**
   * Registered branches are only read where the URL that was called is one of theirs: they may be megabytes. Undefined:
   * the incident has ended meanwhile.
   */
  async #read(owed: OwedAlert): Promise<Alert | undefined> {
    const what = owed.type === 'tcc' || owed.type === 'xa' ? 'whole' : 'bare';
    try {
      const [stored] = await this.#parts.store.load([owed.gid], what);
      return stored === undefined || stored.progress.incident === '' ? undefined : alertOf(stored);
    } catch {
      // What cannot be read must be told too, and most of all: from its columns.
      return bareAlertOf(owed);
    }
  }
}
