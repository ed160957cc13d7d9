import assert from 'node:assert/strict';
import type { CallResult, Health, Runtime, SendingCall } from '../../engine/ports.ts';
import { askedCall } from '../../engine/testing/calls.ts';
import { DestinationCaller } from '../destinations/destination-caller.ts';
import { type DestinationLimits, defaultDestinationLimits } from '../destinations/limits.ts';

interface Timed {
  readonly atMs: number;
  readonly action: () => void;
}

/** One call as the test made it. */
export interface Made {
  readonly url: string;
  readonly atMs: number;
  readonly timeoutMs: number;
  readonly results: CallResult[];
  /** When it went out; undefined: it has not. */
  sentMs: number | undefined;
  endedMs: number | undefined;
  answer: ((health?: Health) => void) | undefined;
  /** Ends it, as whoever asked for it may. */
  cut: () => void;
}

/** A caller on a manual clock, with a sender that the test answers for. */
export class World {
  nowMs = 1_000_000;
  readonly made: Made[] = [];
  readonly told: string[] = [];
  readonly caller: DestinationCaller;
  #timers: Timed[] = [];
  #soon: (() => void)[] = [];
  #sending: Made[] = [];

  constructor(limits: Partial<DestinationLimits> = {}) {
    const runtime: Runtime = {
      wallMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      setTimer: (delayMs, action) => {
        const timer = { atMs: this.nowMs + delayMs, action };
        this.#timers.push(timer);
        return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
      },
      soon: (action) => this.#soon.push(action),
      random: () => 0,
      newId: () => 'id',
    };
    const sender = {
      send: (sending: SendingCall) => {
        const made = this.made[Number(sending.call.gid)];
        assert.ok(made !== undefined && made.sentMs === undefined, 'a call was sent twice');
        this.#sending.push(made);
        made.answer = (health = 'ok') => {
          made.answer = undefined;
          this.#sending = this.#sending.filter((other) => other !== made);
          const outcome =
            health === 'ok'
              ? ({ kind: 'success' } as const)
              : ({ kind: 'error', message: health, retryAfterMs: 0 } as const);
          sending.ended({ outcome, durationMs: this.nowMs - (made.sentMs ?? 0), health });
        };
        if (sending.mayGo()) made.sentMs = this.nowMs;
        else this.#soon.push(() => made.answer?.('withdrawn'));
        return { cut: () => this.#soon.push(() => made.answer?.(made.sentMs === undefined ? 'withdrawn' : 'cut')) };
      },
    };
    this.caller = new DestinationCaller({
      sender,
      runtime,
      limits: { ...defaultDestinationLimits, ...limits },
      events: {
        opened: (destination, reason) => this.told.push(`${destination} opened: ${reason}`),
        closed: (destination) => this.told.push(`${destination} closed`),
      },
    });
  }

  call(url: string, { mayGo = true, timeoutMs = 3000, payload = '' } = {}): Made {
    const made: Made = {
      url,
      atMs: this.nowMs,
      timeoutMs,
      results: [],
      sentMs: undefined,
      endedMs: undefined,
      answer: undefined,
      cut: () => undefined,
    };
    let hasReturned = false;
    const call = {
      gid: `${this.made.push(made) - 1}`,
      type: 'saga' as const,
      branchId: '01',
      op: 'action',
      url,
      protocol: 'http',
      payload,
      headers: {},
      timeoutMs,
    };
    const done = (result: CallResult) => {
      assert.ok(hasReturned, 'done came before call returned');
      made.results.push(result);
      made.endedMs = this.nowMs;
      assert.equal(made.results.length, 1, 'done came twice');
    };
    const asked = this.caller.call(askedCall(call, done, () => mayGo));
    made.cut = () => asked.cut();
    hasReturned = true;
    return made;
  }

  calls(count: number, url: string): Made[] {
    return Array.from({ length: count }, () => this.call(url));
  }

  /** What is in flight, the longest first. */
  get inFlight(): readonly Made[] {
    return this.#sending;
  }

  /** Runs what waits for the event loop now. */
  turnOnce(): void {
    for (const action of this.#soon.splice(0)) action();
  }

  /** Runs all of it. */
  turn(): void {
    while (this.#soon.length > 0) this.turnOnce();
  }

  advance(byMs: number): void {
    const toMs = this.nowMs + byMs;
    this.turn();
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > toMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.action();
      this.turn();
    }
    this.nowMs = toMs;
  }
}

export function untilMsOf(made: Made): number {
  const [result] = made.results;
  assert.ok(result?.kind === 'not-called' && result.untilMs !== undefined, 'it was to be refused');
  return result.untilMs;
}
