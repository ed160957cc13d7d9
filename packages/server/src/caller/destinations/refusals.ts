import type { DestinationLimits } from './limits.ts';
import type { Route } from './origin.ts';
import { Ramp } from './ramp.ts';

/** When calls that are not made now may come back: spread, so that a backlog does not come in one moment. */
export class Refusals {
  readonly #limits: DestinationLimits;
  /** What this machine lacks it lacks for every destination. */
  readonly #localRamp = new Ramp();
  /** Calls not made, since the start: a breaker was open, or there was no room or no slot. */
  count = 0;

  constructor(limits: DestinationLimits) {
    this.#limits = limits;
  }

  /** Undefined: both breakers let it through. */
  byBreaker(route: Route, nowMs: number): number | undefined {
    const { refusedMaxMs, refusedPerSecond } = this.#limits;
    for (const { breaker, refusedRamp } of [route.origin, route]) {
      if (breaker.admits(nowMs)) continue;
      this.#count(route);
      return refusedRamp.take(breaker.retryMs(nowMs), nowMs + refusedMaxMs, refusedPerSecond);
    }
    return undefined;
  }

  /** Overflow of a destination that answers comes back as fast as it answers, at least. */
  byOverflow(route: Route, nowMs: number): number {
    this.#count(route);
    const { overflowDelayMs, refusedMaxMs, refusedPerSecond } = this.#limits;
    const perSecond = Math.max(refusedPerSecond, route.origin.ended.latest(nowMs));
    return route.origin.overflowRamp.take(nowMs + overflowDelayMs, nowMs + refusedMaxMs, perSecond);
  }

  /** For want of something on this machine: says nothing about the destination, and is not counted. */
  byShortage(nowMs: number): number {
    const { overflowDelayMs, refusedMaxMs, refusedPerSecond } = this.#limits;
    return this.#localRamp.take(nowMs + overflowDelayMs, nowMs + refusedMaxMs, refusedPerSecond);
  }

  #count(route: Route): void {
    route.refused += 1;
    route.origin.refused += 1;
    this.count += 1;
  }
}
