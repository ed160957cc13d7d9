import type { Outcome } from '@holdfast/core';
import type {
  AskedCall,
  Caller,
  CallResult,
  Cuttable,
  DestinationView,
  HeldBack,
  Runtime,
  Sender,
  SentAnswer,
} from '../../engine/ports.ts';
import type { BreakerTicket } from './breaker.ts';
import { destinationOf } from './destination.ts';
import type { DestinationLimits } from './limits.ts';
import { Origin, type Route, type RouteCall } from './origin.ts';
import { type CallKeeper, PendingCall } from './pending-call.ts';
import { Ramp } from './ramp.ts';
import { Remembered } from './remembered.ts';
import { Ring } from './ring.ts';
import { type DestinationsState, stateOf } from './state.ts';

export interface DestinationParts {
  readonly sender: Sender;
  readonly runtime: Runtime;
  readonly limits: DestinationLimits;
  readonly events?: DestinationEvents;
}

/** What operators want to know of destinations. A destination is an origin, or an origin and a path. */
export interface DestinationEvents {
  /** Nothing is called there but a probe from time to time. */
  opened(destination: string, reason: string): void;
  closed(destination: string): void;
}

const untold: DestinationEvents = { opened: () => undefined, closed: () => undefined };

/** Of a call that was refused at once. */
const over: Cuttable = { cut: () => undefined };

/** So many refused calls are answered in one go; then whatever else waits for the event loop has its turn. */
const answersInOneGo = 100;

/**
 * Calls branches within limits, so that a slow or dead destination delays its own transactions only.
 *
 * A call enters with `call`, and leaves by exactly one `done`. It is refused at once while a breaker is open or where
 * no room is left; else it goes out if its route has a slot; else it waits, until a slot is free, a breaker opens, or
 * its own time-out has passed. Slots go round robin over the routes of an origin, and over origins where the total is
 * what limits them.
 *
 * The last part of every total is a reserve: there an origin has one call, or as many as it answered in the last ten
 * seconds. However long the calls of slow origins stay out, whoever answers finds room.
 */
export class DestinationCaller implements Caller, CallKeeper<Route>, DestinationView {
  readonly #sender: Sender;
  readonly #runtime: Runtime;
  readonly #limits: DestinationLimits;
  readonly #events: DestinationEvents;
  readonly #origins: Remembered<Origin>;
  /** Origins with calls waiting. */
  readonly #ring = new Ring<Origin>();
  /** When calls that were not made for want of something on this machine come back. */
  readonly #localRamp = new Ramp();
  #calls = 0;
  #callBytes = 0;
  #inFlight = 0;
  #refused = 0;

  constructor({ sender, runtime, limits, events = untold }: DestinationParts) {
    this.#events = events;
    this.#sender = sender;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#origins = new Remembered(limits.origins);
  }

  call(asked: AskedCall): Cuttable {
    const route = this.#routeOf(asked.call.url);
    const { origin } = route;
    const refusedUntilMs = this.#refusedUntilMs(route);
    if (refusedUntilMs !== undefined) return this.#refuseSoon(asked, refusedUntilMs);
    if (this.#isFull(origin)) return this.#refuseSoon(asked, this.#overflowUntilMs(route));
    const hasSlot = this.#hasSlot(route);
    if (!hasSlot && this.#isWaitingRoomFull(origin)) return this.#refuseSoon(asked, this.#overflowUntilMs(route));
    const pending = new PendingCall<Route>(this, asked, route);
    this.#take(pending);
    if (hasSlot) this.#start(pending);
    else this.#wait(pending);
    return pending;
  }

  /** What is under way and what is held up, for metrics and operators; bounded by the origins and routes remembered. */
  state(): DestinationsState {
    const totals = { calls: this.#calls, callBytes: this.#callBytes, inFlight: this.#inFlight, refused: this.#refused };
    return { ...totals, origins: Array.from(this.#origins.values(), stateOf) };
  }

  heldBack(url: string): HeldBack | undefined {
    const { origin: name, path } = destinationOf(url);
    const origin = this.#origins.get(name);
    if (origin === undefined) return undefined;
    const route = origin.knownRoute(path);
    const nowMs = this.#runtime.monotonicMs();
    for (const destination of [origin, route]) {
      if (destination === undefined || destination.breaker.admits(nowMs)) continue;
      const { openedMs, state, openUntilMs } = destination.breaker;
      const probeMs = state === 'open' ? openUntilMs : undefined;
      return { kind: 'breaker', destination: destination.name, sinceMs: openedMs, probeMs, callsOut: origin.inFlight };
    }
    const isOfAll = !this.#mayStart(origin);
    if (!isOfAll && origin.mayStart(route)) return undefined;
    const full = isOfAll
      ? { destination: 'destinations.inFlight', callsOut: this.#inFlight }
      : { destination: origin.name, callsOut: origin.inFlight };
    return { kind: 'slot', ...full, sinceMs: undefined, probeMs: undefined };
  }

  #routeOf(url: string): Route {
    const { origin, path } = destinationOf(url);
    const known = this.#origins.get(origin) ?? this.#origins.add(origin, new Origin(origin, this.#limits));
    return known.route(path);
  }

  /** Undefined: both breakers let it through. */
  #refusedUntilMs(route: Route): number | undefined {
    const nowMs = this.#runtime.monotonicMs();
    for (const { breaker, refusedRamp } of [route.origin, route]) {
      if (breaker.admits(nowMs)) continue;
      this.#countRefused(route);
      const { refusedMaxMs, refusedPerSecond } = this.#limits;
      return refusedRamp.take(breaker.retryMs(nowMs), nowMs + refusedMaxMs, refusedPerSecond);
    }
    return undefined;
  }

  /** Overflow of a destination that answers comes back as fast as it answers, at least. */
  #overflowUntilMs(route: Route): number {
    this.#countRefused(route);
    const nowMs = this.#runtime.monotonicMs();
    const { overflowDelayMs, refusedMaxMs, refusedPerSecond } = this.#limits;
    const perSecond = Math.max(refusedPerSecond, route.origin.ended.latest(nowMs));
    return route.origin.overflowRamp.take(nowMs + overflowDelayMs, nowMs + refusedMaxMs, perSecond);
  }

  #countRefused(route: Route): void {
    route.refused += 1;
    route.origin.refused += 1;
    this.#refused += 1;
  }

  #isFull(origin: Origin): boolean {
    const { calls, callBytes, originShare } = this.#limits;
    if (this.#calls >= calls || this.#callBytes >= callBytes) return true;
    const isTight = this.#isInReserve(this.#calls, calls) || this.#isInReserve(this.#callBytes, callBytes);
    if (isTight && !this.#hasEarned(origin, origin.calls)) return true;
    return origin.calls >= Math.max(1, calls * originShare) || origin.callBytes >= callBytes * originShare;
  }

  #isWaitingRoomFull(origin: Origin): boolean {
    const { originWaiting, originWaitingBytes } = this.#limits;
    return origin.waitingCount >= originWaiting || origin.waitingBytes >= originWaitingBytes;
  }

  #hasSlot(route: Route): boolean {
    return this.#mayStart(route.origin) && route.origin.hasSlot(route);
  }

  /** As far as the total is concerned. */
  #mayStart(origin: Origin): boolean {
    const { inFlight } = this.#limits;
    if (this.#inFlight >= inFlight) return false;
    return !this.#isInReserve(this.#inFlight, inFlight) || this.#hasEarned(origin, origin.inFlight);
  }

  #isInReserve(taken: number, limit: number): boolean {
    return taken >= limit - Math.floor(limit * this.#limits.reserveShare);
  }

  #hasEarned(origin: Origin, own: number): boolean {
    return own === 0 || own < origin.answered.latest(this.#runtime.monotonicMs());
  }

  #take(pending: RouteCall): void {
    const { origin } = pending.place;
    if (origin.calls === 0) this.#origins.used(origin.name);
    origin.taken(pending);
    this.#calls += 1;
    this.#callBytes += pending.bytes;
  }

  #release(pending: RouteCall): void {
    const { origin } = pending.place;
    origin.released(pending);
    this.#calls -= 1;
    this.#callBytes -= pending.bytes;
    if (origin.calls === 0) this.#origins.unused(origin.name);
  }

  #wait(pending: RouteCall): void {
    const { origin } = pending.place;
    if (origin.waitingCount === 0) this.#ring.add(origin);
    origin.wait(pending);
    pending.timer = this.#runtime.setTimer(pending.call.timeoutMs, () => {
      this.#leaveWaiting(pending);
      pending.asked.done({ kind: 'not-called', untilMs: this.#overflowUntilMs(pending.place) });
    });
  }

  #stopWaiting(pending: RouteCall): void {
    const { origin } = pending.place;
    pending.timer?.cancel();
    pending.timer = undefined;
    origin.stopWaiting(pending);
    if (origin.waitingCount === 0) this.#ring.remove(origin);
  }

  withdrawn(pending: RouteCall): void {
    this.#leaveWaiting(pending);
    this.#answerSoon(pending.asked, undefined);
  }

  #leaveWaiting(pending: RouteCall): void {
    pending.refuse();
    this.#stopWaiting(pending);
    this.#release(pending);
  }

  /** A call that was taken and waits no longer goes out, unless a breaker or its driver says no at the last moment. */
  #start(pending: RouteCall): void {
    const route = pending.place;
    const { origin } = route;
    const refusedUntilMs = this.#refusedUntilMs(route);
    if (refusedUntilMs !== undefined) {
      pending.refuse();
      this.#release(pending);
      this.#answerSoon(pending.asked, refusedUntilMs);
      return;
    }
    const nowMs = this.#runtime.monotonicMs();
    pending.originTicket = origin.breaker.begin(nowMs);
    pending.routeTicket = route.breaker.begin(nowMs);
    this.#inFlight += 1;
    origin.inFlight += 1;
    route.inFlight += 1;
    pending.send(this.#sender, this.#runtime);
  }

  ended(pending: RouteCall, answer: SentAnswer): void {
    const route = pending.place;
    const { origin } = route;
    const wasTight = this.#isInReserve(this.#inFlight, this.#limits.inFlight);
    const nowMs = this.#runtime.monotonicMs();
    this.#inFlight -= 1;
    origin.inFlight -= 1;
    route.inFlight -= 1;
    origin.ended.count(nowMs);
    if (answer.health === 'ok') origin.answered.count(nowMs);
    this.#release(pending);
    this.#learn(pending, answer);
    // What was kept from others by the total may be theirs now.
    if (wasTight) this.#startAnyWaiting();
    else this.#startWaiting(origin);
    pending.asked.done(this.#resultOf(answer));
  }

  #resultOf({ outcome, durationMs, health, note }: SentAnswer): CallResult {
    switch (health) {
      case 'withdrawn':
        return { kind: 'not-called', untilMs: undefined };
      case 'local':
        return { kind: 'not-called', untilMs: this.#localUntilMs(), isLocal: true };
      case 'ok':
      case 'unavailable':
      case 'connect':
      case 'cut':
        return {
          kind: 'answered',
          outcome,
          durationMs,
          ...(health === 'connect' && { isUnsent: true }),
          ...(health === 'cut' && { isCut: true }),
          ...(note !== undefined && { note }),
        };
      default:
        return health satisfies never;
    }
  }

  /** What this machine lacks it lacks for every destination. */
  #localUntilMs(): number {
    const nowMs = this.#runtime.monotonicMs();
    const { overflowDelayMs, refusedMaxMs, refusedPerSecond } = this.#limits;
    return this.#localRamp.take(nowMs + overflowDelayMs, nowMs + refusedMaxMs, refusedPerSecond);
  }

  /** What an answer says about its destination. */
  #learn({ place: route, originTicket, routeTicket }: RouteCall, { health, outcome }: SentAnswer): void {
    const { origin } = route;
    switch (health) {
      case 'connect':
        route.breaker.withdrawn(routeTicket);
        this.#failed(origin, originTicket, outcome, undefined);
        return;
      case 'unavailable':
        this.#succeeded(origin, originTicket);
        this.#failed(route, routeTicket, outcome, route);
        return;
      case 'ok':
        this.#succeeded(origin, originTicket);
        this.#succeeded(route, routeTicket);
        return;
      case 'local':
      case 'withdrawn':
      case 'cut':
        origin.breaker.withdrawn(originTicket);
        route.breaker.withdrawn(routeTicket);
        return;
      default:
        health satisfies never;
    }
  }

  /** @param only whose waiting calls are refused where it opens; undefined: those of the whole origin */
  #failed(destination: Origin | Route, ticket: BreakerTicket, outcome: Outcome, only: Route | undefined): void {
    const wasClosed = destination.breaker.state === 'closed';
    if (!destination.breaker.failed(ticket, this.#runtime.monotonicMs())) return;
    const origin = destination instanceof Origin ? destination : destination.origin;
    if (wasClosed) this.#events.opened(destination.name, 'message' in outcome ? outcome.message : '');
    this.#refuseWaiting(origin.waitingCalls(only));
  }

  #succeeded(destination: Origin | Route, ticket: BreakerTicket): void {
    if (!destination.breaker.succeeded(ticket)) return;
    destination.refusedRamp.reset();
    this.#events.closed(destination.name);
  }

  /** A breaker has opened: whoever waits behind it is told at once, a slice at a time. */
  #refuseWaiting(calls: readonly RouteCall[]): void {
    const refused = calls.map((pending) => {
      this.#leaveWaiting(pending);
      return { asked: pending.asked, untilMs: this.#refusedUntilMs(pending.place) };
    });
    const answer = (from: number) => {
      for (const { asked, untilMs } of refused.slice(from, from + answersInOneGo)) {
        asked.done({ kind: 'not-called', untilMs });
      }
      if (from + answersInOneGo < refused.length) this.#runtime.soon(() => answer(from + answersInOneGo));
    };
    if (refused.length > 0) this.#runtime.soon(() => answer(0));
  }

  #startWaiting(origin: Origin): void {
    while (this.#mayStart(origin)) {
      const pending = origin.nextWaiting();
      if (pending === undefined) return;
      this.#stopWaiting(pending);
      this.#start(pending);
    }
  }

  #startAnyWaiting(): void {
    while (this.#inFlight < this.#limits.inFlight) {
      const pending = this.#ring.next((origin) => origin.canStart && this.#mayStart(origin))?.nextWaiting();
      if (pending === undefined) return;
      this.#stopWaiting(pending);
      this.#start(pending);
    }
  }

  #refuseSoon(asked: AskedCall, untilMs: number): Cuttable {
    this.#answerSoon(asked, untilMs);
    return over;
  }

  #answerSoon(asked: AskedCall, untilMs: number | undefined): void {
    this.#runtime.soon(() => asked.done({ kind: 'not-called', untilMs }));
  }
}
