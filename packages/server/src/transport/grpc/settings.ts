/** Settings of the gRPC port. Sizes are bytes, times milliseconds. */
export interface GrpcSettings {
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM files; all empty: plain text. With a client CA, clients must show a certificate of it. */
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string };
  /** The largest message of a request; beyond it RESOURCE_EXHAUSTED. */
  readonly messageLimitBytes: number;
  /** Bytes of requests that may be in memory before they are whole, over all connections; beyond it calls are cut off. */
  readonly messageBudgetBytes: number;
  /** Answers that clients have not taken yet may hold this much, over all connections; beyond it large ones are refused. */
  readonly answerBudgetBytes: number;
  /** A whole request must have arrived this long after it began; else it is cut off. */
  readonly requestTimeoutMs: number;
  /** A connection that takes nothing of a large answer for this long is closed. */
  readonly sendTimeoutMs: number;
  /** No call waits longer for its answer, whatever deadline the client has set. */
  readonly callTimeoutMs: number;
  /** Connections open at once; further ones are closed at once. */
  readonly maxConnections: number;
  /** Calls at once on one connection; clients hold back further ones. */
  readonly maxStreams: number;
  /** The system asks after so long without a byte whether the other end of a connection is there still. */
  readonly tcpKeepAliveMs: number;
  /** A connection is asked this often whether its client is there still. */
  readonly keepAliveMs: number;
  /** A client that does not answer that for this long is gone. */
  readonly keepAliveTimeoutMs: number;
}
