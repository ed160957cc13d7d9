/** Limits of gRPC calls and of their connections. Times are milliseconds on the machine's clock, sizes bytes. */
export interface GrpcLimits {
  /** An answer is read up to this many bytes; nothing in it is used but its status. */
  readonly answerBytes: number;
  /** The most bytes of an answer's headers, and of its trailers. */
  readonly answerHeaderBytes: number;
  /** Connections without calls that are kept open, to all targets together. */
  readonly idleConnections: number;
  /** A connection without calls is closed after this. */
  readonly grpcIdleMs: number;
  /** A connection that is used and on which nothing has arrived for this long is asked whether it still is one. */
  readonly grpcKeepaliveMs: number;
  /** One that does not answer within this is given up. */
  readonly grpcKeepaliveTimeoutMs: number;
}

/** A connection without calls that does not answer within this is opened anew: that costs less than a call. */
export const idleCheckMs = 1000;

/** A call that was surely not processed is sent again so many times within its time-out. */
export const mostResends = 3;

/**
 * So many pings in a row without an answer of a call between them. Servers that follow gRPC's defaults close a
 * connection at the fourth, as too many.
 */
export const mostPings = 3;
