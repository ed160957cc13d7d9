import type { Random } from './random.ts';

/** Something that will happen; `cancel` is fine at any time. */
export interface Scheduled {
  cancel(): void;
}

interface Event extends Scheduled {
  readonly atMs: number;
  /** Drawn from the seed: orders events of the same time. */
  readonly tie: number;
  readonly sequence: number;
  action: (() => void) | undefined;
}

const eventsPerTurn = 500;

/**
 * Owns all asynchrony of a world. Simulated time stands still while an event runs; between two events the real
 * microtask queue is drained, so that every promise that waits for a simulated part settles only when its event is
 * picked. The order is decided by the seed alone.
 */
export class Scheduler {
  readonly #random: Random;
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #sequence = 0;
  #picked = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** True simulated time since the start of the world, in milliseconds and fractions of them. No part of it sees it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get picked(): number {
    return this.#picked;
  }

  at(atMs: number, action: () => void): Scheduled {
    this.#sequence += 1;
    const event: Event = {
      atMs: Math.max(atMs, this.#nowMs),
      tie: this.#random.next(),
      sequence: this.#sequence,
      action,
      cancel() {
        event.action = undefined;
      },
    };
    this.#push(event);
    return event;
  }

  after(delayMs: number, action: () => void): Scheduled {
    return this.at(this.#nowMs + Math.max(0, delayMs), action);
  }

  /** Resolves that much later. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /**
   * Runs events until `isOver` says so, or none is left. Rejects with what an event throws.
   */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let inTurn = 0;
      const pump = () => {
        try {
          if (isOver() || !this.#pickOne()) {
            resolve();
            return;
          }
        } catch (error) {
          reject(error);
          return;
        }
        inTurn += 1;
        // A tick runs only after the microtask queue is empty; the event loop itself gets a turn now and then, so
        // that unhandled rejections and signals are seen.
        if (inTurn % eventsPerTurn === 0) setImmediate(pump);
        else queueMicrotask(() => process.nextTick(pump));
      };
      setImmediate(pump);
    });
  }

  #pickOne(): boolean {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return false;
      const { action } = event;
      if (action === undefined) continue;
      event.action = undefined;
      this.#nowMs = event.atMs;
      this.#picked += 1;
      action();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[index] = above;
      heap[parent] = event;
      index = parent;
    }
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0; ; ) {
      const left = index * 2 + 1;
      const right = left + 1;
      const leftEvent = heap[left];
      if (leftEvent === undefined) return first;
      const rightEvent = heap[right];
      const isRight = rightEvent !== undefined && isBefore(rightEvent, leftEvent);
      const child = isRight ? right : left;
      const below = isRight ? rightEvent : leftEvent;
      if (isBefore(last, below)) return first;
      heap[index] = below;
      heap[child] = last;
      index = child;
    }
  }
}

function isBefore(one: Event, other: Event): boolean {
  if (one.atMs !== other.atMs) return one.atMs < other.atMs;
  return one.tie !== other.tie ? one.tie < other.tie : one.sequence < other.sequence;
}
