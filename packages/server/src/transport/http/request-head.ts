/**
 * What of a request's head decides something or is handed on to who serves it. Both ways in make one. Values are the
 * client's: they are no labels, and those of `authorization`, `traceparent` and `requestId` are not kept beyond the request.
 */
export interface RequestHead {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** Empty where there is none. */
  readonly host: string;
  readonly origin: string | undefined;
  /** The header `Sec-Fetch-Site`. */
  readonly fetchSite: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly authorization: string | undefined;
  readonly traceparent: string | undefined;
  /** The header `X-Request-Id`. */
  readonly requestId: string | undefined;
}

/** Who asks: the connection that a request came by, and its head. */
export interface Asker {
  readonly remoteAddress: string | undefined;
  readonly head: RequestHead;
}

/** Methods whose requests have no body that anybody reads. */
export const methodsWithoutBody: ReadonlySet<string> = new Set(['GET', 'HEAD', 'TRACE']);

/** @param address of a connection, on either side */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
}
