import { grpcOriginOf, grpcTargetOf, memorable, Recent } from '@holdfast/core';

/** Where a URL leads: for limits and breakers, whatever the protocol. */
export interface Destination {
  /** Scheme, host and port, or what stands before the first slash of an address that is none of ours. */
  readonly origin: string;
  /** The path without query. */
  readonly path: string;
}

const destinations = new Recent<Destination>(parsedDestination);

/** Any text leads somewhere; whether it can be called is for the sender to say. */
export function destinationOf(url: string): Destination {
  const place = memorable(url);
  return place === undefined ? parsedDestination(url) : destinations.of(place);
}

function parsedDestination(url: string): Destination {
  const parsed = URL.parse(url);
  if (parsed?.protocol.startsWith('http') && parsed.host !== '') return placeOf(parsed);
  const grpc = grpcTargetOf(url);
  if (grpc !== undefined) return { origin: grpcOriginOf(grpc), path: grpc.path };
  if (parsed !== null && parsed.host !== '') return placeOf(parsed);
  const slash = url.indexOf('/');
  return slash === -1 ? { origin: url, path: '/' } : { origin: url.slice(0, slash), path: url.slice(slash) };
}

function placeOf({ protocol, host, pathname }: URL): Destination {
  return { origin: `${protocol}//${host}`, path: pathname };
}
