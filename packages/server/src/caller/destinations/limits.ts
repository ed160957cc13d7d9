/** Limits of the calls of branches, per destination and in total. Times are milliseconds, sizes bytes of payload. */
export interface DestinationLimits {
  /** The most calls in flight to one origin (scheme, host and port). Default 256. */
  readonly originInFlight: number;
  /** The most calls in flight to all origins together: each holds a connection. Default 4096. */
  readonly inFlight: number;
  /** The most calls that wait for a slot of one origin. Default 5000. */
  readonly originWaiting: number;
  /** No further call waits at an origin where this much payload waits already. Default 32 MiB. */
  readonly originWaitingBytes: number;
  /** The most calls that wait or are in flight, to all origins together. Default 20,000. */
  readonly calls: number;
  /** No further call is taken where this much payload waits or is in flight already. Default 256 MiB. */
  readonly callBytes: number;
  /** The share of `calls` and `callBytes` that one origin may occupy; above 0, at most 1. Default 0.5. */
  readonly originShare: number;
  /**
   * The share of `inFlight`, `calls` and `callBytes` that is kept for origins that answer: there an origin has one call,
   * or as many as it answered of late. From 0, below 1. Default 0.25.
   */
  readonly reserveShare: number;
  /** A call whose time-out is longer than this is a long one. Default 10,000. */
  readonly longCallMs: number;
  /** The share of an origin's slots and waiting room that long calls may take; above 0, at most 1. Default 0.75. */
  readonly longCallShare: number;
  /** A call that found no room or no slot is tried again after at least this long. Default 1000. */
  readonly overflowDelayMs: number;
  /** So many failures in a row, without a success between them, open the breaker. Default 5. */
  readonly breakerFailures: number;
  /** A breaker that opens lets the first probe through after this long; each failed probe doubles it. Default 1000. */
  readonly breakerOpenMs: number;
  /** A breaker never waits longer than this for its next probe. Default 30,000. */
  readonly breakerOpenMaxMs: number;
  /** Refused calls of one destination are told to come back at most this many a second. Default 200. */
  readonly refusedPerSecond: number;
  /** A refused call is never told to come back later than after this. Default 600,000 (10 minutes). */
  readonly refusedMaxMs: number;
  /** Origins remembered while nothing is called there, the least recently used forgotten first. Default 512. */
  readonly origins: number;
  /** Routes (paths without query) remembered for each origin while nothing is called there. Default 128. */
  readonly originRoutes: number;
}

/**
 * Five failures in a row: one restart of a service, or one lost packet, should not open a breaker, and a dead service
 * should not cost hundreds of time-outs. A service whose calls fail at random one time in ten opens it once in 100,000.
 */
export const defaultDestinationLimits: DestinationLimits = {
  originInFlight: 256,
  inFlight: 4096,
  originWaiting: 5000,
  originWaitingBytes: 32 * 1024 * 1024,
  calls: 20_000,
  callBytes: 256 * 1024 * 1024,
  originShare: 0.5,
  reserveShare: 0.25,
  longCallMs: 10_000,
  longCallShare: 0.75,
  overflowDelayMs: 1000,
  breakerFailures: 5,
  breakerOpenMs: 1000,
  breakerOpenMaxMs: 30_000,
  refusedPerSecond: 200,
  refusedMaxMs: 600_000,
  origins: 512,
  originRoutes: 128,
};
