import type {
  AskedCall,
  Caller,
  Cuttable,
  DestinationShown,
  DestinationView,
  HeldBack,
  Runtime,
  Sender,
  SentAnswer,
} from '../../engine/ports.ts';
import { destinationOf } from './destination.ts';
import type { DestinationLimits } from './limits.ts';
import { Origin, type Route, type RouteCall } from './origin.ts';
import { type CallKeeper, PendingCall } from './pending-call.ts';
import { Refusals } from './refusals.ts';
import { Remembered } from './remembered.ts';
import { Ring } from './ring.ts';
import { Room } from './room.ts';
import { type DestinationEvents, learn, resultOf, waitingBehind } from './verdict.ts';
import { type DestinationsState, heldBackBy, shownOf, stateOf } from './view.ts';

export type { DestinationEvents } from './verdict.ts';

export interface DestinationParts {
  readonly sender: Sender;
  readonly runtime: Runtime;
  readonly limits: DestinationLimits;
  readonly events?: DestinationEvents;
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
 * no room is left; else it goes out if its route has a slot; else it waits, until a slot is free, a breaker opens, it is
 * withdrawn, or its own time-out has passed. Slots go round robin over the routes of an origin, and over origins where
 * the total is what limits them.
 */
export class DestinationCaller implements Caller, CallKeeper<Route>, DestinationView {
  readonly #sender: Sender;
  readonly #runtime: Runtime;
  readonly #limits: DestinationLimits;
  readonly #events: DestinationEvents;
  readonly #origins: Remembered<Origin>;
  readonly #room: Room;
  readonly #refusals: Refusals;
  /** Origins with calls waiting. */
  readonly #ring = new Ring<Origin>();

  constructor({ sender, runtime, limits, events = untold }: DestinationParts) {
    this.#events = events;
    this.#sender = sender;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#origins = new Remembered(limits.origins);
    this.#room = new Room(limits);
    this.#refusals = new Refusals(limits);
  }

  call(asked: AskedCall): Cuttable {
    const nowMs = this.#runtime.monotonicMs();
    const route = this.#routeOf(asked.call.url);
    const { origin } = route;
    const refusedUntilMs = this.#refusals.byBreaker(route, nowMs);
    if (refusedUntilMs !== undefined) return this.#refuseSoon(asked, refusedUntilMs);
    const length = asked.call.timeoutMs > this.#limits.longCallMs ? 'long' : 'short';
    const hasSlot = this.#room.hasSlot(route, length, nowMs);
    if (this.#room.isFull(origin, nowMs) || (!hasSlot && !origin.hasWaitingRoom(length))) {
      return this.#refuseSoon(asked, this.#refusals.byOverflow(route, nowMs));
    }
    const pending = new PendingCall<Route>(this, asked, route, length);
    this.#take(pending);
    if (hasSlot) this.#start(pending, nowMs);
    else this.#wait(pending);
    return pending;
  }

  /** What is under way and what is held up, for metrics; bounded by the origins and routes remembered. */
  state(): DestinationsState {
    const { calls, callBytes, inFlight } = this.#room;
    const origins = Array.from(this.#origins.values(), stateOf);
    return { calls, callBytes, inFlight, refused: this.#refusals.count, origins };
  }

  shown(): readonly DestinationShown[] {
    return shownOf(this.#origins.values(), this.#limits);
  }

  heldBack(url: string, timeoutMs: number): HeldBack | undefined {
    const { origin: name, path } = destinationOf(url);
    const origin = this.#origins.get(name);
    if (origin === undefined) return undefined;
    const length = timeoutMs > this.#limits.longCallMs ? 'long' : 'short';
    return heldBackBy(origin, origin.knownRoute(path), length, this.#room, this.#runtime.monotonicMs());
  }

  ended(pending: RouteCall, answer: SentAnswer): void {
    const { origin } = pending.place;
    const nowMs = this.#runtime.monotonicMs();
    const wasTight = this.#room.isTight;
    this.#room.inFlight -= 1;
    origin.over(pending);
    origin.ended.count(nowMs);
    if (answer.health === 'ok') origin.answered.count(nowMs);
    this.#release(pending);
    const opened = learn(pending, answer, this.#events, nowMs);
    if (opened !== undefined) this.#refuseWaiting(waitingBehind(opened), nowMs);
    // What was kept from others by the total may be theirs now.
    if (wasTight) this.#startAnyWaiting(nowMs);
    else this.#startWaiting(origin, nowMs);
    const isLocal = answer.health === 'local';
    pending.asked.done(
      isLocal ? { kind: 'not-called', untilMs: this.#refusals.byShortage(nowMs), isLocal } : resultOf(answer),
    );
  }

  withdrawn(pending: RouteCall): void {
    this.#leaveWaiting(pending);
    this.#answerSoon(pending.asked, undefined);
  }

  #routeOf(url: string): Route {
    const { origin, path } = destinationOf(url);
    const known = this.#origins.get(origin) ?? this.#origins.add(origin, new Origin(origin, this.#limits));
    return known.route(path);
  }

  #take(pending: RouteCall): void {
    const { origin } = pending.place;
    if (origin.calls === 0) this.#origins.used(origin.name);
    origin.taken(pending);
    this.#room.take(pending);
  }

  #release(pending: RouteCall): void {
    const { origin } = pending.place;
    origin.released(pending);
    this.#room.release(pending);
    if (origin.calls === 0) this.#origins.unused(origin.name);
  }

  #wait(pending: RouteCall): void {
    const { origin } = pending.place;
    if (origin.waitingCount === 0) this.#ring.add(origin);
    origin.wait(pending);
    pending.timer = this.#runtime.setTimer(pending.call.timeoutMs, () => {
      this.#leaveWaiting(pending);
      const untilMs = this.#refusals.byOverflow(pending.place, this.#runtime.monotonicMs());
      pending.asked.done({ kind: 'not-called', untilMs });
    });
  }

  #stopWaiting(pending: RouteCall): void {
    const { origin } = pending.place;
    pending.timer?.cancel();
    pending.timer = undefined;
    origin.stopWaiting(pending);
    if (origin.waitingCount === 0) this.#ring.remove(origin);
  }

  /** It will not be sent. */
  #leaveWaiting(pending: RouteCall): void {
    pending.refuse();
    this.#stopWaiting(pending);
    this.#release(pending);
  }

  /** A call that was taken and waits no longer goes out, unless a breaker says no at the last moment. */
  #start(pending: RouteCall, nowMs: number): void {
    const route = pending.place;
    const { origin } = route;
    const refusedUntilMs = this.#refusals.byBreaker(route, nowMs);
    if (refusedUntilMs !== undefined) {
      pending.refuse();
      this.#release(pending);
      this.#answerSoon(pending.asked, refusedUntilMs);
      return;
    }
    pending.begunMs = nowMs;
    pending.originTicket = origin.breaker.begin(nowMs);
    pending.routeTicket = route.breaker.begin(nowMs);
    this.#room.inFlight += 1;
    origin.begun(pending);
    pending.send(this.#sender, this.#runtime);
  }

  #startWaiting(origin: Origin, nowMs: number): void {
    while (this.#room.mayStart(origin, nowMs)) {
      const pending = origin.nextWaiting();
      if (pending === undefined) return;
      this.#stopWaiting(pending);
      this.#start(pending, nowMs);
    }
  }

  #startAnyWaiting(nowMs: number): void {
    while (this.#room.inFlight < this.#limits.inFlight) {
      const origin = this.#ring.next((member) => member.canStart && this.#room.mayStart(member, nowMs));
      const pending = origin?.nextWaiting();
      if (pending === undefined) return;
      this.#stopWaiting(pending);
      this.#start(pending, nowMs);
    }
  }

  /** A breaker has opened: whoever waits behind it is told at once, a slice at a time. */
  #refuseWaiting(calls: readonly RouteCall[], nowMs: number): void {
    if (calls.length === 0) return;
    const refused = calls.map((pending) => {
      this.#leaveWaiting(pending);
      return { asked: pending.asked, untilMs: this.#refusals.byBreaker(pending.place, nowMs) };
    });
    const answer = (from: number) => {
      for (const { asked, untilMs } of refused.slice(from, from + answersInOneGo)) {
        asked.done({ kind: 'not-called', untilMs });
      }
      if (from + answersInOneGo < refused.length) this.#runtime.soon(() => answer(from + answersInOneGo));
    };
    this.#runtime.soon(() => answer(0));
  }

  #refuseSoon(asked: AskedCall, untilMs: number): Cuttable {
    this.#answerSoon(asked, untilMs);
    return over;
  }

  #answerSoon(asked: AskedCall, untilMs: number | undefined): void {
    this.#runtime.soon(() => asked.done({ kind: 'not-called', untilMs }));
  }
}
