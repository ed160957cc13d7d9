/** A branch call that is out. */
export interface OutCall {
  /** Its answer is held back: nothing but the manual clock ends it, so that nobody waits for it in real time. */
  hold(): void;
  end(): void;
}

/** How long to wait for rest, in real time. */
export interface Patience {
  /** On the machine's monotonic clock. */
  readonly deadlineMs: number;
  /** A call that is out for longer than this is not waited for. */
  readonly callMs: number;
}

interface Call {
  readonly gid: string;
  readonly sentMs: number;
  isHeld: boolean;
}

const mostDriven = 100_000;

/**
 * Counts what runs in the engine, at its ports: operations of the store, actions that wait for the event loop, calls
 * that are out. At rest nothing happens any more unless the clock moves, a client asks or a call is answered.
 */
export class Activity {
  #running = 0;
  #begun = 0;
  readonly #calls = new Set<Call>();
  readonly #driven = new Set<string>();
  #waiting: (() => void)[] = [];

  get isIdle(): boolean {
    return this.#running === 0 && this.#calls.size === 0;
  }

  /** Transactions with a call out. */
  get inCall(): string[] {
    return [...new Set([...this.#calls].map(({ gid }) => gid))];
  }

  /** Something runs until the function returned is called, once or more. */
  begin(): () => void {
    this.#begun += 1;
    this.#running += 1;
    let isRunning = true;
    return () => {
      if (!isRunning) return;
      isRunning = false;
      this.#running -= 1;
      if (this.#running === 0) this.#changed();
    };
  }

  async during<Result>(work: Promise<Result>): Promise<Result> {
    const ended = this.begin();
    try {
      return await work;
    } finally {
      ended();
    }
  }

  call(gid: string): OutCall {
    const call: Call = { gid, sentMs: performance.now(), isHeld: false };
    this.#begun += 1;
    this.#calls.add(call);
    return {
      hold: () => {
        call.isHeld = true;
        this.#changed();
      },
      end: () => {
        this.#calls.delete(call);
        this.#changed();
      },
    };
  }

  /** A transaction was claimed, called or written. */
  drove(gid: string): void {
    const [oldest] = this.#driven;
    if (oldest !== undefined && this.#driven.size >= mostDriven) this.#driven.delete(oldest);
    this.#driven.add(gid);
  }

  /** Whoever was driven since this was last asked, in the order of their first drive. */
  takeDriven(): string[] {
    const driven = [...this.#driven];
    this.#driven.clear();
    return driven;
  }

  /** Resolves once nothing runs and no call is out that is worth waiting for, or at the deadline. */
  async rest({ deadlineMs, callMs }: Patience): Promise<void> {
    for (;;) {
      const begun = this.#begun;
      // Whatever a promise or a tick holds up has its turn.
      await new Promise((resolve) => setImmediate(resolve));
      const nowMs = performance.now();
      const untilMs = Math.min(deadlineMs, this.#running > 0 ? deadlineMs : this.#lastPatienceMs(callMs));
      if (nowMs >= deadlineMs) return;
      if (untilMs > nowMs) await this.#change(untilMs - nowMs);
      else if (begun === this.#begun) return;
    }
  }

  #lastPatienceMs(callMs: number): number {
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const { sentMs, isHeld } of this.#calls) if (!isHeld) lastMs = Math.max(lastMs, sentMs + callMs);
    return lastMs;
  }

  async #change(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.ceil(withinMs));
      this.#waiting.push(resolve);
    });
    clearTimeout(timer);
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
