import { Breaker } from './breaker.ts';
import type { DestinationLimits } from './limits.ts';
import type { PendingCall } from './pending-call.ts';
import { Ramp } from './ramp.ts';
import { Rate } from './rate.ts';
import { Remembered } from './remembered.ts';
import { Ring } from './ring.ts';
import { WaitingList } from './waiting-list.ts';

/** A place of the reserve is earned by an answer of so long ago, and perhaps as long before. */
const answeredPeriodMs = 10_000;

/** A call to a route. */
export type RouteCall = PendingCall<Route>;

/** One path of an origin, without query. Time-outs, 502, 503 and 504 open its breaker. */
export class Route {
  readonly origin: Origin;
  readonly path: string;
  readonly breaker: Breaker;
  readonly waiting = new WaitingList<RouteCall>();
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
    return this.waiting.size;
  }

  constructor(origin: Origin, path: string, limits: DestinationLimits) {
    this.origin = origin;
    this.path = path;
    this.breaker = new Breaker(limits);
  }
}

/** Scheme, host and port: one service. Its routes share its slots; failed connections open its breaker. */
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
  readonly #limits: DestinationLimits;
  readonly #routes: Remembered<Route>;
  /** Routes with calls waiting. */
  readonly #ring = new Ring<Route>();
  calls = 0;
  /** Payload waiting and in flight. */
  callBytes = 0;
  inFlight = 0;
  waitingCount = 0;
  waitingBytes = 0;
  refused = 0;

  constructor(name: string, limits: DestinationLimits) {
    this.name = name;
    this.breaker = new Breaker(limits);
    this.#limits = limits;
    this.#routes = new Remembered(limits.originRoutes);
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
    const { place: route, bytes } = pending;
    if (route.waitingCount === 0) this.#ring.add(route);
    route.waiting.add(pending);
    this.waitingCount += 1;
    this.waitingBytes += bytes;
  }

  stopWaiting(pending: RouteCall): void {
    const { place: route, bytes } = pending;
    route.waiting.remove(pending);
    this.waitingCount -= 1;
    this.waitingBytes -= bytes;
    if (route.waitingCount === 0) this.#ring.remove(route);
  }

  /** Whether a slot is free for this route: one of all of them, and of its half while another route waits. */
  hasSlot(route: Route): boolean {
    const { originInFlight } = this.#limits;
    if (this.inFlight >= originInFlight) return false;
    const othersWait = this.#ring.size > (route.waitingCount > 0 ? 1 : 0);
    return !othersWait || route.inFlight < Math.ceil(originInFlight / 2);
  }

  /** Whether a call would go out at once; undefined: of a route that is not remembered. */
  mayStart(route: Route | undefined): boolean {
    return route === undefined ? this.inFlight < this.#limits.originInFlight : this.hasSlot(route);
  }

  /** Whether any waiting call has a slot. */
  get canStart(): boolean {
    return this.inFlight < this.#limits.originInFlight && this.waitingCount > 0;
  }

  /** The first call of the next route in turn that has a slot; it stays in its list. */
  nextWaiting(): RouteCall | undefined {
    return this.#ring.next((route) => this.hasSlot(route))?.waiting.first;
  }

  /** Everything that waits, of one route or of all: for a breaker that has opened. */
  waitingCalls(only: Route | undefined): readonly RouteCall[] {
    const calls: RouteCall[] = [];
    for (const route of only === undefined ? this.routes : [only]) {
      for (let pending = route.waiting.first; pending !== undefined; pending = pending.next) calls.push(pending);
    }
    return calls;
  }
}
