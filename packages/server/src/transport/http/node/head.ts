import type { IncomingMessage } from 'node:http';
import type { HoldfastError } from '@holdfast/core';
import { invalid } from '@holdfast/core';
import type { Intake } from '../intake.ts';
import { type Asker, isLoopback, type RequestHead } from '../request-head.ts';

/** Why the request is not served at all; undefined: it is. */
export function admissionOf(request: IncomingMessage, { admission }: Intake): HoldfastError | undefined {
  if (request.httpVersionMajor !== 1) return invalid('version', 'must be HTTP/1.1');
  // Which of them counts would depend on who reads it.
  if ((request.headersDistinct['host']?.length ?? 0) > 1) return invalid('host', 'must be given once');
  return admission.refusalOf(headOf(request), isLoopback(request.socket.localAddress));
}

/** Nothing but the connection and what the head says: an answer may be waited for for long. */
export function askerOf(request: IncomingMessage): Asker {
  return { remoteAddress: request.socket.remoteAddress, head: headOf(request) };
}

function headOf({ method = '', url = '', headers }: IncomingMessage): RequestHead {
  return {
    method,
    target: url,
    host: headers.host ?? '',
    origin: headers.origin,
    fetchSite: one(headers['sec-fetch-site']),
    contentEncoding: headers['content-encoding'],
    authorization: headers.authorization,
    traceparent: one(headers['traceparent']),
    requestId: one(headers['x-request-id']),
  };
}

/** node:http joins what comes more than once. */
function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value;
}
