import type { ClaimResult } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Runtime, Timer } from './ports.ts';

export interface ScheduleContext {
  /** Times what waits for the store or for room; due times are the clock's. */
  readonly runtime: Runtime;
  readonly clock: EngineClock;
  /** It looks again after this at the latest: something may have been left that nothing tells of. */
  readonly longestSleepMs: number;
  /** When this node is to look for what has no owner and is due then. */
  lookAtMs(dueMs: number): number;
  /** Rows and bytes that may be taken now; 0 rows: none. */
  room(): { readonly rows: number; readonly bytes: number };
  /** Claims a page and starts to drive it. */
  claim(rows: number, bytes: number): Promise<ClaimResult>;
  failed(error: unknown): void;
}

/** The longest sleep: where looking costs nothing to speak of, and where it costs the store of many nodes a round trip. */
export const usualSleepMs = { exclusive: 1000, shared: 60_000 } as const;

const pauseAfterFailureMs = 1000;
const pauseWithoutRoomMs = 20;
/** Others take the same rows at the same moment, or hold them locked: it looks again soon, then less and less often. */
const pauseAmongOthersMs = { first: 20, longest: 1000 } as const;

/**
 * Claims what is due, page by page, and sleeps until the next due time, or as long as it may sleep. A wake while a page is being
 * claimed is kept.
 */
export class Schedule {
  readonly #context: ScheduleContext;
  #timer: Timer | undefined;
  /** What this node knows to be due. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** When it is to look for what it has heard of, which others have heard of as well. */
  #heardMs = Number.POSITIVE_INFINITY;
  /** When it looks at the latest. */
  #latestMs = Number.POSITIVE_INFINITY;
  /** When the timer fires; undefined: it waits for the store or for room. */
  #armedMs: number | undefined;
  /** Rounds in a row that found something due and got nothing of it. */
  #missed = 0;
  #claiming = false;
  #again = false;
  #stopped = false;

  constructor(context: ScheduleContext) {
    this.#context = context;
  }

  /** Something is due at this time: look then, or now where it has passed. */
  dueAt(dueMs: number): void {
    if (this.#stopped) return;
    if (this.#claiming && dueMs <= this.#context.clock.nowMs()) this.#again = true;
    else this.#dueMs = Math.min(this.#dueMs, dueMs);
    this.#arm();
  }

  /** The store was heard of: what is due first there, without owner, takes the place of what was heard before. */
  heard(dueMs: number | undefined): void {
    if (this.#stopped) return;
    this.#heardMs = dueMs === undefined ? Number.POSITIVE_INFINITY : this.#context.lookAtMs(dueMs);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    const { clock } = this.#context;
    const atMs = Math.min(this.#dueMs, this.#heardMs, this.#latestMs);
    if (this.#claiming || this.#armedMs === atMs || this.#isPausing) return;
    this.#timer?.cancel();
    this.#armedMs = atMs;
    this.#timer = clock.timerAt(atMs, () => this.#round());
  }

  get #isPausing(): boolean {
    return this.#timer !== undefined && this.#armedMs === undefined;
  }

  #pause(delayMs: number): void {
    this.#timer?.cancel();
    this.#armedMs = undefined;
    this.#timer = this.#context.runtime.setTimer(delayMs, () => this.#round());
  }

  #round(): void {
    this.#timer = undefined;
    this.#armedMs = undefined;
    if (this.#stopped || this.#claiming) return;
    const room = this.#context.room();
    if (room.rows <= 0 || room.bytes <= 0) {
      this.#pause(pauseWithoutRoomMs);
      return;
    }
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#heardMs = Number.POSITIVE_INFINITY;
    this.#claiming = true;
    this.#again = false;
    this.#context.claim(room.rows, room.bytes).then(
      (result) => this.#claimed(result, room.rows),
      (error: unknown) => {
        this.#claiming = false;
        this.#context.failed(error);
        if (!this.#stopped) this.#pause(pauseAfterFailureMs);
      },
    );
  }

  #claimed({ claimed, nextDueMs }: ClaimResult, asked: number): void {
    this.#claiming = false;
    if (this.#stopped) return;
    const { clock, runtime, longestSleepMs } = this.#context;
    const nowMs = clock.nowMs();
    this.#latestMs = nowMs + longestSleepMs;
    const isDue = nextDueMs !== undefined && nextDueMs <= nowMs;
    const isMissed = isDue && claimed.length === 0;
    this.#missed = isMissed ? this.#missed + 1 : 0;
    if (this.#again || claimed.length >= asked || (isDue && !isMissed)) this.#dueMs = nowMs;
    else if (isMissed) this.#heardMs = nowMs + this.#pauseAmongOthersMs * (0.5 + runtime.random());
    else if (nextDueMs !== undefined) this.#heardMs = this.#context.lookAtMs(nextDueMs);
    this.#arm();
  }

  get #pauseAmongOthersMs(): number {
    const { first, longest } = pauseAmongOthersMs;
    return Math.min(longest, first * 2 ** Math.min(this.#missed - 1, 10));
  }
}
