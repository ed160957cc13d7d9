import { Breaker } from './breaker.ts';
import type { DestinationLimits } from './limits.ts';
import { LinkedList } from './linked-list.ts';
import type { CallLength, PendingCall } from './pending-call.ts';
import { Ramp } from './ramp.ts';
import { Rate } from './rate.ts';
import { Remembered } from './remembered.ts';
import { Ring } from './ring.ts';

/** A place of the reserve is earned by an answer of so long ago, and perhaps as long before. */
const answeredPeriodMs = 10_000;

/** A call to a route. */
export type RouteCall = PendingCall<Route>;

/** One path of an origin, without query. Time-outs, 502, 503 and 504 open its breaker. */
export class Route {
  readonly origin: Origin;
  readonly path: string;
  readonly breaker: Breaker;
  readonly waiting = { short: new LinkedList<RouteCall>(), long: new LinkedList<RouteCall>() };
  /** When calls that its open breaker refuses come back. */
  readonly refusedRamp = new Ramp();
  /** Waiting and in flight. */
  calls = 0;
  inFlight = 0;
  /** Calls that were not made because its breaker or that of its origin was open, or for want of room or a slot. */
  refused = 0;

  get name(): string {
    return this.origin.name + this.path;
  }

  get waitingCount(): number {
    return this.waiting.short.size + this.waiting.long.size;
  }

  constructor(origin: Origin, path: string, limits: DestinationLimits) {
    this.origin = origin;
    this.path = path;
    this.breaker = new Breaker(limits);
  }
}

/**
 * Scheme, host and port: one service. Its routes share its slots; failed connections open its breaker. Long calls have a
 * share of the slots and of the waiting room, so that they never keep out short ones.
 */
export class Origin {
  readonly name: string;
  readonly breaker: Breaker;
  readonly refusedRamp = new Ramp();
  /** When calls that found no room or no slot come back. */
  readonly overflowRamp = new Ramp();
  /** Calls that ended, a second. */
  readonly ended = new Rate(1000);
  /** Calls that were answered of late; no time-out is among them. */
  readonly answered = new Rate(answeredPeriodMs);
  /** In flight, the longest first. */
  readonly out = new LinkedList<RouteCall>();
  readonly #limits: DestinationLimits;
  readonly #routes: Remembered<Route>;
  /** Routes with such calls waiting. */
  readonly #rings = { short: new Ring<Route>(), long: new Ring<Route>() };
  #turn: CallLength = 'long';
  calls = 0;
  /** Payload waiting and in flight. */
  callBytes = 0;
  longInFlight = 0;
  readonly waitingBytes = { short: 0, long: 0 };
  readonly waiting = { short: 0, long: 0 };
  refused = 0;

  constructor(name: string, limits: DestinationLimits) {
    this.name = name;
    this.breaker = new Breaker(limits);
    this.#limits = limits;
    this.#routes = new Remembered(limits.originRoutes);
  }

  get inFlight(): number {
    return this.out.size;
  }

  get waitingCount(): number {
    return this.waiting.short + this.waiting.long;
  }

  get routes(): Iterable<Route> {
    return this.#routes.values();
  }

  route(path: string): Route {
    return this.#routes.get(path) ?? this.#routes.add(path, new Route(this, path, this.#limits));
  }

  /** Where calls of it are remembered. */
  knownRoute(path: string): Route | undefined {
    return this.#routes.get(path);
  }

  /** A call is taken on: from here to `released` it occupies room. */
  taken({ place: route, bytes }: RouteCall): void {
    if (route.calls === 0) this.#routes.used(route.path);
    route.calls += 1;
    this.calls += 1;
    this.callBytes += bytes;
  }

  released({ place: route, bytes }: RouteCall): void {
    route.calls -= 1;
    this.calls -= 1;
    this.callBytes -= bytes;
    if (route.calls === 0) this.#routes.unused(route.path);
  }

  wait(pending: RouteCall): void {
    const { place: route, length, bytes } = pending;
    const list = route.waiting[length];
    if (list.size === 0) this.#rings[length].add(route);
    list.add(pending);
    this.waiting[length] += 1;
    this.waitingBytes[length] += bytes;
  }

  stopWaiting(pending: RouteCall): void {
    const { place: route, length, bytes } = pending;
    const list = route.waiting[length];
    list.remove(pending);
    this.waiting[length] -= 1;
    this.waitingBytes[length] -= bytes;
    if (list.size === 0) this.#rings[length].remove(route);
  }

  /** It goes out, and holds a slot until `ended`. */
  begun(pending: RouteCall): void {
    this.out.add(pending);
    pending.place.inFlight += 1;
    if (pending.length === 'long') this.longInFlight += 1;
  }

  over(pending: RouteCall): void {
    this.out.remove(pending);
    pending.place.inFlight -= 1;
    if (pending.length === 'long') this.longInFlight -= 1;
  }

  hasWaitingRoom(length: CallLength): boolean {
    const { originWaiting, originWaitingBytes, longCallShare } = this.#limits;
    const { short, long } = this.waitingBytes;
    if (this.waitingCount >= originWaiting || short + long >= originWaitingBytes) return false;
    if (length === 'short') return true;
    return this.waiting.long < shareOf(originWaiting, longCallShare) && long < originWaitingBytes * longCallShare;
  }

  /** Whether a slot is free for this route: one of all of them, and of its half while another route could use it. */
  hasSlot(route: Route, length: CallLength): boolean {
    if (!this.#hasSlotFor(length)) return false;
    return !this.#othersCouldStart(route) || route.inFlight < Math.ceil(this.#limits.originInFlight / 2);
  }

  /** Whether a call would go out at once; undefined: of a route that is not remembered. */
  mayStart(route: Route | undefined, length: CallLength): boolean {
    return route === undefined ? this.#hasSlotFor(length) : this.hasSlot(route, length);
  }

  /** Whether any waiting call has a slot. */
  get canStart(): boolean {
    return (this.waiting.short > 0 && this.#hasSlotFor('short')) || (this.waiting.long > 0 && this.#hasSlotFor('long'));
  }

  /**
   * The first call of the next route in turn that has a slot; it stays in its list. Where both have one, short and long
   * calls take turns.
   */
  nextWaiting(): RouteCall | undefined {
    const first = this.#turn === 'long' ? 'short' : 'long';
    for (const length of [first, this.#turn] as const) {
      const route = this.#rings[length].next((member) => this.hasSlot(member, length));
      if (route === undefined) continue;
      this.#turn = length;
      return route.waiting[length].first;
    }
    return undefined;
  }

  /** Everything that waits, of one route or of all: for a breaker that has opened. */
  waitingCalls(only: Route | undefined): readonly RouteCall[] {
    const calls: RouteCall[] = [];
    for (const { waiting } of only === undefined ? this.routes : [only]) {
      for (const { first } of [waiting.short, waiting.long]) {
        for (let pending = first; pending !== undefined; pending = pending.next) calls.push(pending);
      }
    }
    return calls;
  }

  #hasSlotFor(length: CallLength): boolean {
    const { originInFlight, longCallShare } = this.#limits;
    if (this.inFlight >= originInFlight) return false;
    return length === 'short' || this.longInFlight < shareOf(originInFlight, longCallShare);
  }

  #othersCouldStart(route: Route): boolean {
    return this.#othersWait(route, 'short') || (this.#othersWait(route, 'long') && this.#hasSlotFor('long'));
  }

  #othersWait(route: Route, length: CallLength): boolean {
    return this.#rings[length].size > (route.waiting[length].size > 0 ? 1 : 0);
  }
}

/** At least one: a limit of one is for whoever comes. */
export function shareOf(limit: number, share: number): number {
  return Math.max(1, Math.floor(limit * share));
}
