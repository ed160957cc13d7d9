import { Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import type { Service } from './schema.ts';
import type { Status } from './status.ts';

/** Messages pass as they are: they are decoded where what is wrong with them can be answered. */
const asIs = (bytes: Buffer) => bytes;

/** What a client has sent. The library keeps it for as long as its call waits, but not what was taken out of it. */
export class Sent {
  readonly length: number;
  #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  /** Once. */
  take(): Buffer {
    const bytes = this.#bytes;
    this.#bytes = nothing;
    return bytes;
  }
}

const nothing = Buffer.alloc(0);

/** A service as the library wants it. */
export function definitionOf({ name: service, methods }: Service): Record<string, MethodDefinition<Sent, Buffer>> {
  return Object.fromEntries(
    Object.entries(methods).map(([name, { streams }]) => [
      name,
      {
        path: `/${service}/${name}`,
        requestStream: streams === 'both',
        responseStream: streams !== undefined,
        requestSerialize: (sent: Sent) => sent.take(),
        requestDeserialize: (bytes: Buffer) => new Sent(bytes),
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  );
}

/** A status other than OK, with what Retry-After is to HTTP. */
export function grpcError({ code, details, retryAfterMs }: Status): ServiceError {
  const metadata = new Metadata();
  if (retryAfterMs > 0) metadata.set('grpc-retry-pushback-ms', String(Math.ceil(retryAfterMs)));
  return Object.assign(new Error(details), { code, details, metadata });
}
