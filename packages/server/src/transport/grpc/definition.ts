import { Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import type { Service } from './schema.ts';
import type { Status } from './status.ts';

/** Messages pass as they are: they are decoded where what is wrong with them can be answered. */
const asIs = (bytes: Buffer) => bytes;

/** A service as the library wants it. */
export function definitionOf({ name: service, methods }: Service): Record<string, MethodDefinition<Buffer, Buffer>> {
  return Object.fromEntries(
    Object.entries(methods).map(([name, { streams }]) => [
      name,
      {
        path: `/${service}/${name}`,
        requestStream: streams === 'both',
        responseStream: streams !== undefined,
        requestSerialize: asIs,
        requestDeserialize: asIs,
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
