import { number, section } from '../setting.ts';
import { day, gib, hour, kib, mib, minute, second } from '../units.ts';

export const destinations = section(
  'Limits of the calls to services. An origin is a scheme, a host and a port. A route is a path of an origin, without the query.',
  {
    originInFlight: number({
      default: 256,
      from: 1,
      to: 100_000,
      description: 'The most calls to one origin that are in flight at the same time. Its routes share them.',
    }),
    inFlight: number({
      default: 4096,
      from: 1,
      to: 100_000,
      description:
        'The most calls to all origins together that are in flight at the same time. Each holds a connection.',
    }),
    originWaiting: number({
      default: 5000,
      from: 1,
      to: 1_000_000,
      description: 'The most calls to one origin that wait for their turn.',
    }),
    originWaitingBytes: number({
      default: 32 * mib,
      from: 64 * kib,
      to: 16 * gib,
      description: 'The most bytes of payload of the calls to one origin that wait for their turn.',
    }),
    calls: number({
      default: 20_000,
      from: 1,
      to: 1_000_000,
      description: 'The most calls that wait or are in flight, to all origins together.',
    }),
    callBytes: number({
      default: 256 * mib,
      from: 16 * mib,
      to: 64 * gib,
      description: 'The most bytes of payload of the calls that wait or are in flight, to all origins together.',
    }),
    originSharePercent: number({
      default: 50,
      from: 1,
      to: 100,
      description: 'How many percent of `destinations.calls` and `destinations.callBytes` one origin may take.',
    }),
    reservePercent: number({
      default: 25,
      from: 0,
      to: 90,
      description:
        'How many percent of `destinations.inFlight`, `destinations.calls` and `destinations.callBytes` are kept for origins that answer. In this part an origin has one call, or as many calls as it answered in the last ten seconds. Slow services cannot take it from the others.',
    }),
    longCallMs: number({
      default: 10 * second,
      from: 1,
      to: day,
      description: 'A call is a long one if its `request_timeout` is longer than this, however soon it is answered.',
    }),
    longCallPercent: number({
      default: 75,
      from: 1,
      to: 100,
      description:
        'How many percent of `destinations.originInFlight`, `destinations.originWaiting` and `destinations.originWaitingBytes` long calls may take. The rest is for short calls, so that calls that hang for hours do not keep them out.',
    }),
    overflowDelayMs: number({
      default: second,
      from: 1,
      to: hour,
      description: 'The shortest time until a call that found no room is tried again.',
    }),
    breakerFailures: number({
      default: 5,
      from: 1,
      to: 10_000,
      description:
        'How many failures in a row open a breaker; while it is open, no calls are made. The breaker of the origin counts failures to connect. The breaker of the route counts time-outs, broken connections and the answers 502, 503 and 504.',
    }),
    breakerOpenMs: number({
      default: second,
      from: 1,
      to: hour,
      description:
        'How long a breaker stays open before it lets one call through as a test. Each test that fails doubles this time.',
    }),
    breakerOpenMaxMs: number({
      default: 30 * second,
      from: 1,
      to: hour,
      description: 'The longest time that a breaker stays open before the next test, however often it has doubled.',
    }),
    refusedPerSecond: number({
      default: 200,
      from: 1,
      to: 100_000,
      description: 'How many transactions a second may come back to one destination after they waited for its breaker.',
    }),
    refusedMaxMs: number({
      default: 10 * minute,
      from: 1,
      to: day,
      description: 'The longest time that a transaction waits for an open breaker before it is looked at again.',
    }),
    origins: number({
      default: 512,
      from: 1,
      to: 100_000,
      description:
        'How many origins without calls are remembered, with their breakers. The least recently used one is forgotten first.',
    }),
    originRoutes: number({
      default: 128,
      from: 1,
      to: 100_000,
      description:
        'How many routes without calls are remembered for each origin. The least recently used one is forgotten first.',
    }),
  },
);
