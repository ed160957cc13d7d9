import type { Runtime } from './ports.ts';

/** Whether this incarnation may still act. The lease is the node's, not the row's. */
export interface Lease {
  readonly incarnation: string;
  isValid(): boolean;
}

/** An exclusive store's lock is the lease: it holds until the store is closed or the process is gone. */
export class LockLease implements Lease {
  readonly incarnation: string;
  #held = true;

  constructor(incarnation: string) {
    this.incarnation = incarnation;
  }

  isValid(): boolean {
    return this.#held;
  }

  end(): void {
    this.#held = false;
  }
}

/** How long a heartbeat counts, and how much earlier its own node stops believing in it. */
export interface HeartbeatTimes {
  readonly everyMs: number;
  readonly deadAfterMs: number;
  readonly marginMs: number;
}

export const heartbeatTimes: HeartbeatTimes = { everyMs: 1000, deadAfterMs: 5000, marginMs: 1000 };

/**
 * The lease of a node on a shared store: valid until a deadline counted from when the last good heartbeat was *sent*,
 * on the monotonic clock and on the wall clock too (the monotonic one stands still during a suspend).
 */
export class HeartbeatLease implements Lease {
  readonly incarnation: string;
  readonly #runtime: Runtime;
  readonly #times: HeartbeatTimes;
  #monotonicDeadlineMs = 0;
  #wallDeadlineMs = 0;
  #isBegun = false;
  #ended = false;

  constructor(incarnation: string, runtime: Runtime, times: HeartbeatTimes = heartbeatTimes) {
    this.incarnation = incarnation;
    this.#runtime = runtime;
    this.#times = times;
  }

  /** Once it was seen to have lapsed it stays so: its incarnation ends then, also where the wall clock is set back. */
  isValid(): boolean {
    if (this.#ended || !this.#isBegun) return false;
    this.#ended =
      this.#runtime.monotonicMs() >= this.#monotonicDeadlineMs || this.#runtime.wallMs() >= this.#wallDeadlineMs;
    return !this.#ended;
  }

  /** Until it lapses, if it is not renewed. */
  get leftMs(): number {
    const monotonicMs = this.#monotonicDeadlineMs - this.#runtime.monotonicMs();
    return Math.max(0, Math.min(monotonicMs, this.#wallDeadlineMs - this.#runtime.wallMs()));
  }

  /** A heartbeat sent at these times was acknowledged. */
  renew(sentMonotonicMs: number, sentWallMs: number): void {
    if (this.#isBegun && !this.isValid()) return;
    this.#isBegun = true;
    const lengthMs = this.#times.deadAfterMs - this.#times.marginMs;
    this.#monotonicDeadlineMs = sentMonotonicMs + lengthMs;
    this.#wallDeadlineMs = sentWallMs + lengthMs;
  }

  end(): void {
    this.#ended = true;
  }
}
