/** Settings of the HTTP port. Sizes are bytes, times milliseconds. */
export interface HttpSettings {
  /** Address to listen on. Loopback unless told otherwise. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The largest request body; beyond it the answer is 413, and the body is not read to its end. */
  readonly bodyLimitBytes: number;
  /** Bytes of request bodies that may be in memory at once, over all connections; beyond it the answer is 503. */
  readonly bodyBudgetBytes: number;
  /** The largest head of a request (request line and headers); beyond it the answer is 431. */
  readonly headLimitBytes: number;
  /** A request's head must have arrived this long after the connection or the request began; else 408. */
  readonly headTimeoutMs: number;
  /** A whole request must have arrived this long after it began; else 408. Says nothing of how long its answer takes. */
  readonly requestTimeoutMs: number;
  /** An idle connection is closed after this. Longer than the 60 s of usual load balancers, so that they close first. */
  readonly keepAliveTimeoutMs: number;
  /** So long after the last byte of a connection the system begins to ask whether the other side is still there. */
  readonly tcpKeepAliveMs: number;
  /** A client that has closed its side of the connection is waited for this long; it may have left altogether. */
  readonly halfClosedTimeoutMs: number;
  /** A connection whose client does not read its answer for this long is closed. */
  readonly sendTimeoutMs: number;
  /** Origins of web pages that may ask, with commas between them. */
  readonly allowedOrigins: string;
  /** Connections open at once; further ones are closed at once. */
  readonly maxConnections: number;
  /** Answers that clients have not taken yet may hold this much, over all connections; beyond it a read gets 503. */
  readonly answerBudgetBytes: number;
  /** Reads of transactions at once; further ones wait for their turn. */
  readonly readsAtOnce: number;
  /** Reads that wait; beyond it the answer is 503. */
  readonly readsWaiting: number;
  /** Rows in one page of `all`, whatever limit is asked for. */
  readonly listRows: number;
  /** A page of `all` ends with the row that reaches this. */
  readonly listBytes: number;
  /** Transactions that one resetCronTime may make due. */
  readonly resetRows: number;
  /** resetCronTime without `timeout` makes due what is due later than this from now: three times timeout_to_fail. */
  readonly resetAfterMs: number;
}

export const httpDefaults: HttpSettings = {
  host: '127.0.0.1',
  port: 36789,
  bodyLimitBytes: 4 * 1024 * 1024,
  bodyBudgetBytes: 256 * 1024 * 1024,
  headLimitBytes: 16 * 1024,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  tcpKeepAliveMs: 30_000,
  halfClosedTimeoutMs: 30_000,
  sendTimeoutMs: 30_000,
  allowedOrigins: '',
  maxConnections: 10_000,
  answerBudgetBytes: 256 * 1024 * 1024,
  readsAtOnce: 8,
  readsWaiting: 1000,
  listRows: 1000,
  listBytes: 8 * 1024 * 1024,
  resetRows: 10_000,
  resetAfterMs: 105_000,
};

/** How often slow connections are looked for. */
export function checkEachMs({ headTimeoutMs }: Pick<HttpSettings, 'headTimeoutMs'>): number {
  return Math.min(1000, headTimeoutMs);
}
