import type { Outcome } from '@holdfast/core';
import type { CallResult, SentAnswer } from '../../engine/ports.ts';
import type { BreakerTicket } from './breaker.ts';
import { Origin, type Route, type RouteCall } from './origin.ts';

/** What operators want to know of destinations. A destination is an origin, or an origin and a path. */
export interface DestinationEvents {
  /** Nothing is called there but a probe from time to time. */
  opened(destination: string, reason: string): void;
  closed(destination: string): void;
}

/** Whose breaker has opened just now: calls that wait there are refused. */
export type Opened = Origin | Route | undefined;

/** What the breakers of a call's destination make of its answer. */
export function learn(pending: RouteCall, answer: SentAnswer, events: DestinationEvents, nowMs: number): Opened {
  const { place: route, originTicket, routeTicket } = pending;
  const { origin } = route;
  switch (answer.health) {
    case 'ok':
      succeeded(origin, originTicket, events);
      succeeded(route, routeTicket, events);
      return undefined;
    case 'connect':
      route.breaker.withdrawn(routeTicket);
      return failed(origin, originTicket, answer.outcome, events, nowMs);
    case 'unavailable':
      succeeded(origin, originTicket, events);
      return failed(route, routeTicket, answer.outcome, events, nowMs);
    case 'local':
    case 'withdrawn':
    case 'cut':
      origin.breaker.withdrawn(originTicket);
      route.breaker.withdrawn(routeTicket);
      return undefined;
    default:
      return answer.health satisfies never;
  }
}

/** What waits behind a breaker that has opened. */
export function waitingBehind(opened: Origin | Route): readonly RouteCall[] {
  return opened instanceof Origin ? opened.waitingCalls(undefined) : opened.origin.waitingCalls(opened);
}

/** What whoever asked for a call is told of an answer; not of one for want of something on this machine. */
export function resultOf({ outcome, durationMs, health, note }: SentAnswer): CallResult {
  if (health === 'withdrawn') return { kind: 'not-called', untilMs: undefined };
  if (health === 'ok' && note === undefined) return { kind: 'answered', outcome, durationMs };
  return {
    kind: 'answered',
    outcome,
    durationMs,
    ...(health === 'connect' && { isUnsent: true }),
    ...(health === 'cut' && { isCut: true }),
    ...(note !== undefined && { note }),
  };
}

function failed(
  destination: Origin | Route,
  ticket: BreakerTicket,
  outcome: Outcome,
  events: DestinationEvents,
  nowMs: number,
): Opened {
  const wasClosed = destination.breaker.state === 'closed';
  if (!destination.breaker.failed(ticket, nowMs)) return undefined;
  if (wasClosed) events.opened(destination.name, 'message' in outcome ? outcome.message : '');
  return destination;
}

function succeeded(destination: Origin | Route, ticket: BreakerTicket, events: DestinationEvents): void {
  if (!destination.breaker.succeeded(ticket)) return;
  destination.refusedRamp.reset();
  events.closed(destination.name);
}
