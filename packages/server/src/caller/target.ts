/** Where a URL leads: for limits and breakers, whatever the protocol. */
export interface Destination {
  /** Scheme, host and port, or what stands before the first slash of an address without scheme. */
  readonly origin: string;
  /** The path without query. */
  readonly path: string;
}

/** Any text leads somewhere; whether it can be called is for the sender to say. */
export function destinationOf(url: string): Destination {
  const parsed = URL.parse(url);
  if (parsed !== null && parsed.host !== '') {
    return { origin: `${parsed.protocol}//${parsed.host}`, path: parsed.pathname };
  }
  const slash = url.indexOf('/');
  return slash === -1 ? { origin: url, path: '/' } : { origin: url.slice(0, slash), path: url.slice(slash) };
}
