import type { DestinationShown, HeldBack, HeldPlace } from '../../engine/ports.ts';
import type { Breaker, BreakerState } from './breaker.ts';
import type { DestinationLimits } from './limits.ts';
import { type Origin, type Route, shareOf } from './origin.ts';
import type { CallLength } from './pending-call.ts';
import type { Room } from './room.ts';

/** What metrics and operators see. Times are monotonic milliseconds, sizes bytes of payload. */
export interface DestinationsState {
  /** Waiting and in flight, to all origins. */
  readonly calls: number;
  readonly callBytes: number;
  readonly inFlight: number;
  /** Calls not made, since the start: a breaker was open, or there was no room or no slot. */
  readonly refused: number;
  readonly origins: readonly OriginState[];
}

export interface OriginState extends BreakerView {
  readonly origin: string;
  readonly inFlight: number;
  readonly longInFlight: number;
  readonly waiting: number;
  readonly longWaiting: number;
  readonly waitingBytes: number;
  readonly refused: number;
  readonly routes: readonly RouteState[];
}

export interface RouteState extends BreakerView {
  readonly path: string;
  readonly inFlight: number;
  readonly waiting: number;
  readonly refused: number;
}

export interface BreakerView {
  readonly breaker: BreakerState;
  /** When the next probe may go; undefined unless it is open. */
  readonly probeMs: number | undefined;
}

export function stateOf(origin: Origin): OriginState {
  return {
    origin: origin.name,
    inFlight: origin.inFlight,
    longInFlight: origin.longInFlight,
    waiting: origin.waitingCount,
    longWaiting: origin.waiting.long,
    waitingBytes: origin.waitingBytes.short + origin.waitingBytes.long,
    refused: origin.refused,
    ...breakerOf(origin.breaker),
    routes: Array.from(origin.routes, routeStateOf),
  };
}

function routeStateOf(route: Route): RouteState {
  return {
    path: route.path,
    inFlight: route.inFlight,
    waiting: route.waitingCount,
    refused: route.refused,
    ...breakerOf(route.breaker),
  };
}

function breakerOf(breaker: Breaker): BreakerView {
  return { breaker: breaker.state, probeMs: breaker.state === 'open' ? breaker.openUntilMs : undefined };
}

/** So many origins are shown: those with the most calls out. */
const shownOrigins = 100;
/** So many of the calls that hold the places of an origin, the longest first. */
const shownPlaces = 10;
/** So many in the answer to why one transaction waits. */
const fewPlaces = 3;

/** Origins with calls, or where something is or was wrong. */
export function shownOf(origins: Iterable<Origin>, limits: DestinationLimits): readonly DestinationShown[] {
  const { originInFlight, longCallShare } = limits;
  const worth = [...origins].filter(
    ({ calls, refused, breaker }) => calls > 0 || refused > 0 || breaker.state !== 'closed',
  );
  worth.sort((a, b) => b.inFlight - a.inFlight || b.waitingCount - a.waitingCount);
  return worth.slice(0, shownOrigins).map((origin) => ({
    origin: origin.name,
    callsOut: origin.inFlight,
    places: originInFlight,
    longCallsOut: origin.longInFlight,
    longPlaces: shareOf(originInFlight, longCallShare),
    waiting: origin.waitingCount,
    refused: origin.refused,
    ...breakerOf(origin.breaker),
    longest: placesOf(origin, shownPlaces),
  }));
}

/** What would hold back a call to this route now. */
export function heldBackBy(
  origin: Origin,
  route: Route | undefined,
  length: CallLength,
  room: Room,
  nowMs: number,
): HeldBack | undefined {
  for (const destination of [origin, route]) {
    if (destination === undefined || destination.breaker.admits(nowMs)) continue;
    const { openedMs, state, openUntilMs } = destination.breaker;
    const probeMs = state === 'open' ? openUntilMs : undefined;
    const { name } = destination;
    return { kind: 'breaker', destination: name, sinceMs: openedMs, probeMs, callsOut: origin.inFlight, longest: [] };
  }
  const isOfAll = !room.mayStart(origin, nowMs);
  if (!isOfAll && origin.mayStart(route, length)) return undefined;
  const full = isOfAll
    ? { destination: 'destinations.inFlight', callsOut: room.inFlight }
    : { destination: origin.name, callsOut: origin.inFlight };
  return { kind: 'slot', ...full, sinceMs: undefined, probeMs: undefined, longest: placesOf(origin, fewPlaces) };
}

function placesOf(origin: Origin, atMost: number): readonly HeldPlace[] {
  const places: HeldPlace[] = [];
  for (let pending = origin.out.first; pending !== undefined && places.length < atMost; pending = pending.next) {
    const { gid, branchId, op, timeoutMs } = pending.call;
    places.push({ gid, branchId, op, sinceMs: pending.begunMs, untilMs: pending.begunMs + timeoutMs });
  }
  return places;
}
