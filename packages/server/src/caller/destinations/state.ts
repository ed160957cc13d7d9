import type { Breaker, BreakerState } from './breaker.ts';
import type { Origin, Route } from './origin.ts';

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
  readonly waiting: number;
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
    waiting: origin.waitingCount,
    waitingBytes: origin.waitingBytes,
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
