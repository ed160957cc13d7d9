import { number, section } from '../setting.ts';
import { day, gib, hour, kib, mib, minute, second } from '../units.ts';

export const destinations = section(
  'Limits of the calls to services. An origin is scheme, host and port; a route is a path of it without query.',
  {
    originInFlight: number({
      default: 256,
      from: 1,
      to: 100_000,
      description: 'The most calls in flight to one origin. They are shared out among its routes.',
    }),
    inFlight: number({
      default: 4096,
      from: 1,
      to: 100_000,
      description: 'The most calls in flight to all origins together; each holds a connection.',
    }),
    originWaiting: number({
      default: 5000,
      from: 1,
      to: 1_000_000,
      description: 'The most calls that wait for their turn at one origin.',
    }),
    originWaitingBytes: number({
      default: 32 * mib,
      from: 64 * kib,
      to: 16 * gib,
      description: 'The most payload that waits at one origin.',
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
      description: 'The most payload that waits or is in flight, to all origins together.',
    }),
    originSharePercent: number({
      default: 50,
      from: 1,
      to: 100,
      description: 'How much of `calls` and `callBytes` one origin may take.',
    }),
    reservePercent: number({
      default: 25,
      from: 0,
      to: 90,
      description:
        'How much of `inFlight`, `calls` and `callBytes` is kept for origins that answer. In this part an origin has one call, or as many calls as it answered in the last ten seconds. Slow services cannot take it from the others.',
    }),
    overflowDelayMs: number({
      default: second,
      from: 1,
      to: hour,
      description: 'A call that found no room is tried again after at least this.',
    }),
    breakerFailures: number({
      default: 5,
      from: 1,
      to: 10_000,
      description:
        'So many failures in a row open a breaker: that of the origin when it cannot be reached, that of the route when it times out, breaks off or answers 502, 503 or 504.',
    }),
    breakerOpenMs: number({
      default: second,
      from: 1,
      to: hour,
      description: 'An open breaker lets one call through after this to see; each failure doubles it.',
    }),
    breakerOpenMaxMs: number({
      default: 30 * second,
      from: 1,
      to: hour,
      description: 'The longest an open breaker waits for its next try.',
    }),
    refusedPerSecond: number({
      default: 200,
      from: 1,
      to: 100_000,
      description: 'Transactions that wait for a breaker come back at most at this rate per destination.',
    }),
    refusedMaxMs: number({
      default: 10 * minute,
      from: 1,
      to: day,
      description: 'The longest such a transaction is put off.',
    }),
    origins: number({
      default: 512,
      from: 1,
      to: 100_000,
      description: 'Origins remembered while nothing is called there; the least recently used is forgotten first.',
    }),
    originRoutes: number({
      default: 128,
      from: 1,
      to: 100_000,
      description: 'The same for the routes of one origin.',
    }),
  },
);
