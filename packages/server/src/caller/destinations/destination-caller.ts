import type { Outcome } from '@holdfast/core';
import type {
  BranchCall,
  Caller,
  CallResult,
  DestinationView,
  HeldBack,
  Runtime,
  Sender,
  SentAnswer,
} from '../../engine/ports.ts';
import type { BreakerTicket } from './breaker.ts';
import { destinationOf } from './destination.ts';
import type { DestinationLimits } from './limits.ts';
import { Origin, type PendingCall, type Route } from './origin.ts';
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

interface Tickets {
  readonly origin: BreakerTicket;
  readonly route: BreakerTicket;
}

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
export class DestinationCaller implements Caller, DestinationView {
  readonly #sender: Sender;
  readonly #runtime: Runtime;
  readonly #limits: DestinationLimits;
  readonly #events: DestinationEvents;
  readonly #origins: Remembered<Origin>;
  /** Origins with calls waiting. */
  readonly #ring = new Ring<Origin>();
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

  call(call: BranchCall, mayGo: () => boolean, done: (result: CallResult) => void): void {
    const route = this.#routeOf(call.url);
    const { origin } = route;
    const refusedUntilMs = this.#refusedUntilMs(route);
    if (refusedUntilMs !== undefined) {
      this.#answerSoon(done, refusedUntilMs);
      return;
    }
    const pending: PendingCall = {
      call,
      route,
      bytes: call.payload.length,
      mayGo,
      done,
      timer: undefined,
      previous: undefined,
      next: undefined,
    };
    if (this.#isFull(origin)) {
      this.#answerSoon(done, this.#overflowUntilMs(route));
    } else if (this.#hasSlot(route)) {
      this.#take(pending);
      this.#start(pending);
    } else if (this.#isWaitingRoomFull(origin)) {
      this.#answerSoon(done, this.#overflowUntilMs(route));
    } else {
      this.#take(pending);
      this.#wait(pending);
    }
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

  #take(pending: PendingCall): void {
    const { origin } = pending.route;
    if (origin.calls === 0) this.#origins.used(origin.name);
    origin.taken(pending);
    this.#calls += 1;
    this.#callBytes += pending.bytes;
  }

  #release(pending: PendingCall): void {
    const { origin } = pending.route;
    origin.released(pending);
    this.#calls -= 1;
    this.#callBytes -= pending.bytes;
    if (origin.calls === 0) this.#origins.unused(origin.name);
  }

  #wait(pending: PendingCall): void {
    const { origin } = pending.route;
    if (origin.waitingCount === 0) this.#ring.add(origin);
    origin.wait(pending);
    pending.timer = this.#runtime.setTimer(pending.call.timeoutMs, () => {
      pending.timer = undefined;
      this.#stopWaiting(pending);
      this.#release(pending);
      pending.done({ kind: 'not-called', untilMs: this.#overflowUntilMs(pending.route) });
    });
  }

  #stopWaiting(pending: PendingCall): void {
    const { origin } = pending.route;
    pending.timer?.cancel();
    pending.timer = undefined;
    origin.stopWaiting(pending);
    if (origin.waitingCount === 0) this.#ring.remove(origin);
  }

  /** A call that was taken and waits no longer goes out, unless a breaker or its driver says no at the last moment. */
  #start(pending: PendingCall): void {
    const { route, call } = pending;
    const refusedUntilMs = this.#refusedUntilMs(route);
    if (refusedUntilMs !== undefined) {
      this.#release(pending);
      this.#answerSoon(pending.done, refusedUntilMs);
      return;
    }
    const nowMs = this.#runtime.monotonicMs();
    const tickets: Tickets = { origin: route.origin.breaker.begin(nowMs), route: route.breaker.begin(nowMs) };
    if (!pending.mayGo()) {
      route.origin.breaker.withdrawn(tickets.origin);
      route.breaker.withdrawn(tickets.route);
      this.#release(pending);
      this.#answerSoon(pending.done, undefined);
      return;
    }
    this.#inFlight += 1;
    route.origin.inFlight += 1;
    route.inFlight += 1;
    this.#send(call, (answer) => this.#end(pending, tickets, answer));
  }

  /** `ended` is called once and later, however the sender behaves. */
  #send(call: BranchCall, ended: (answer: SentAnswer) => void): void {
    let state: 'sending' | 'sent' | 'ended' = 'sending';
    const answered = (answer: SentAnswer) => {
      if (state === 'ended') return;
      if (state === 'sending') this.#runtime.soon(() => ended(answer));
      else ended(answer);
      state = 'ended';
    };
    try {
      this.#sender.send(call, answered);
    } catch (error) {
      // A defect of the sender ends this call, as an error; its slot must not be lost for ever.
      const outcome = { kind: 'error', message: `the call could not be made: ${error}`, retryAfterMs: 0 } as const;
      answered({ outcome, durationMs: 0, health: 'ok' });
    }
    if (state === 'sending') state = 'sent';
  }

  #end(pending: PendingCall, tickets: Tickets, { outcome, durationMs, health }: SentAnswer): void {
    const { route } = pending;
    const { origin } = route;
    const wasTight = this.#isInReserve(this.#inFlight, this.#limits.inFlight);
    const nowMs = this.#runtime.monotonicMs();
    this.#inFlight -= 1;
    origin.inFlight -= 1;
    route.inFlight -= 1;
    origin.ended.count(nowMs);
    if (health === 'ok') origin.answered.count(nowMs);
    this.#release(pending);
    this.#learn(route, tickets, health, outcome);
    // What was kept from others by the total may be theirs now.
    if (wasTight) this.#startAnyWaiting();
    else this.#startWaiting(origin);
    if (health === 'connect') pending.done({ kind: 'answered', outcome, durationMs, isUnsent: true });
    else pending.done({ kind: 'answered', outcome, durationMs });
  }

  /** What an answer says about its destination. */
  #learn(route: Route, tickets: Tickets, health: SentAnswer['health'], outcome: Outcome): void {
    const { origin } = route;
    switch (health) {
      case 'connect':
        route.breaker.withdrawn(tickets.route);
        this.#failed(origin, tickets.origin, outcome, undefined);
        return;
      case 'unavailable':
        this.#succeeded(origin, tickets.origin);
        this.#failed(route, tickets.route, outcome, route);
        return;
      case 'ok':
        this.#succeeded(origin, tickets.origin);
        this.#succeeded(route, tickets.route);
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
  #refuseWaiting(calls: readonly PendingCall[]): void {
    const refused = calls.map((pending) => {
      this.#stopWaiting(pending);
      this.#release(pending);
      return { done: pending.done, untilMs: this.#refusedUntilMs(pending.route) };
    });
    const answer = (from: number) => {
      for (const { done, untilMs } of refused.slice(from, from + answersInOneGo)) {
        done({ kind: 'not-called', untilMs });
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

  #answerSoon(done: PendingCall['done'], untilMs: number | undefined): void {
    this.#runtime.soon(() => done({ kind: 'not-called', untilMs }));
  }
}
