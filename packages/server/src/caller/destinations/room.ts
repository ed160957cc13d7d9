import type { DestinationLimits } from './limits.ts';
import type { Origin, Route, RouteCall } from './origin.ts';
import type { CallLength } from './pending-call.ts';

/**
 * What all destinations have together, and what of it each origin may take.
 *
 * The last part of every total is a reserve: there an origin has one call, or as many as it answered in the last ten
 * seconds. However long the calls of slow origins stay out, whoever answers finds room.
 */
export class Room {
  readonly #limits: DestinationLimits;
  calls = 0;
  callBytes = 0;
  inFlight = 0;

  constructor(limits: DestinationLimits) {
    this.#limits = limits;
  }

  take({ bytes }: RouteCall): void {
    this.calls += 1;
    this.callBytes += bytes;
  }

  release({ bytes }: RouteCall): void {
    this.calls -= 1;
    this.callBytes -= bytes;
  }

  /** Whether no further call of it is taken on. */
  isFull(origin: Origin, nowMs: number): boolean {
    const { calls, callBytes, originShare } = this.#limits;
    if (this.calls >= calls || this.callBytes >= callBytes) return true;
    const isTight = this.#isInReserve(this.calls, calls) || this.#isInReserve(this.callBytes, callBytes);
    if (isTight && !this.#hasEarned(origin, origin.calls, nowMs)) return true;
    return origin.calls >= Math.max(1, calls * originShare) || origin.callBytes >= callBytes * originShare;
  }

  hasSlot(route: Route, length: CallLength, nowMs: number): boolean {
    return this.mayStart(route.origin, nowMs) && route.origin.hasSlot(route, length);
  }

  /** As far as the total is concerned. */
  mayStart(origin: Origin, nowMs: number): boolean {
    if (this.inFlight >= this.#limits.inFlight) return false;
    return !this.isTight || this.#hasEarned(origin, origin.inFlight, nowMs);
  }

  /** Only the reserve of slots is left. */
  get isTight(): boolean {
    return this.#isInReserve(this.inFlight, this.#limits.inFlight);
  }

  #isInReserve(taken: number, limit: number): boolean {
    return taken >= limit - Math.floor(limit * this.#limits.reserveShare);
  }

  #hasEarned(origin: Origin, own: number, nowMs: number): boolean {
    return own === 0 || own < origin.answered.latest(nowMs);
  }
}
