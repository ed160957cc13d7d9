import type { ClaimResult } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Runtime, Timer } from './ports.ts';

export interface ScheduleContext {
  /** Times what waits for the store or for room; due times are the clock's. */
  readonly runtime: Runtime;
  readonly clock: EngineClock;
  /** It looks again after this at the latest: another node may have handed something back. */
  readonly longestSleepMs: number;
  /** Rows and bytes that may be taken now; 0 rows: none. */
  room(): { readonly rows: number; readonly bytes: number };
  /** Claims a page and starts to drive it. */
  claim(rows: number, bytes: number): Promise<ClaimResult>;
  failed(error: unknown): void;
}

/** The longest sleep where nothing speaks against looking so often. */
export const usualSleepMs = 1000;

const pauseAfterFailureMs = 1000;
const pauseWithoutRoomMs = 20;

/**
 * Claims what is due, page by page, and sleeps until the next due time, or as long as it may sleep. A wake while a page is being claimed is kept.
 */
export class Schedule {
  readonly #context: ScheduleContext;
  #timer: Timer | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #claiming = false;
  #again = false;
  #stopped = false;

  constructor(context: ScheduleContext) {
    this.#context = context;
  }

  /** Something is due at this time: look then, or now where it has passed. */
  dueAt(dueMs: number): void {
    if (this.#stopped) return;
    if (this.#claiming) {
      if (dueMs <= this.#context.clock.nowMs()) this.#again = true;
      else this.#wakeAtMs = Math.min(this.#wakeAtMs, dueMs);
      return;
    }
    if (dueMs < this.#wakeAtMs) this.#sleepUntil(dueMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sleepUntil(atMs: number): void {
    this.#timer?.cancel();
    this.#wakeAtMs = Math.min(atMs, this.#context.clock.nowMs() + this.#context.longestSleepMs);
    this.#timer = this.#context.clock.timerAt(this.#wakeAtMs, () => this.#round());
  }

  #pause(delayMs: number): void {
    this.#timer?.cancel();
    this.#wakeAtMs = this.#context.clock.nowMs() + delayMs;
    this.#timer = this.#context.runtime.setTimer(delayMs, () => this.#round());
  }

  #round(): void {
    if (this.#stopped || this.#claiming) return;
    const room = this.#context.room();
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    if (room.rows <= 0 || room.bytes <= 0) {
      this.#pause(pauseWithoutRoomMs);
      return;
    }
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
    const nowMs = this.#context.clock.nowMs();
    const nextMs = Math.min(nextDueMs ?? Number.POSITIVE_INFINITY, this.#wakeAtMs);
    this.#sleepUntil(this.#again || claimed.length >= asked ? nowMs : nextMs);
  }
}
