import type { OutgoingHttpHeaders } from 'node:http2';
import { errorCatalogue, HoldfastError, shorten } from '@holdfast/core';
import type { Reply } from './methods.ts';

/** How a call ended, as gRPC says it. */
export interface Status {
  readonly code: number;
  readonly details: string;
  /** When to come back, for clients with a retry policy; 0: not said. */
  readonly retryAfterMs: number;
}

/** Codes that no refusal of the catalogue has. FAILED_PRECONDITION is ONGOING, ABORTED is FAILURE, and nothing else is. */
export const codes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
} as const;

const wordsBytes = 2000;

/** A status other than OK as it stands in trailers, with what Retry-After is to HTTP. */
export function statusHeaders({ code, details, retryAfterMs }: Status): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'grpc-status': String(code), 'grpc-message': encodedMessage(details) };
  if (retryAfterMs > 0) headers['grpc-retry-pushback-ms'] = String(Math.ceil(retryAfterMs));
  return headers;
}

/** As gRPC wants it: UTF-8, percent-encoded but for printable ASCII. HTTP/2 allows no blank at either end. */
function encodedMessage(text: string): string {
  if (/^[!-$&-~]([ -$&-~]*[!-$&-~])?$/.test(text)) return text;
  const bytes = Buffer.from(text, 'utf8');
  let encoded = '';
  for (const [at, byte] of bytes.entries()) {
    const isAtEnd = at === 0 || at === bytes.length - 1;
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    if (isPlain || (byte === 0x20 && !isAtEnd)) encoded += String.fromCharCode(byte);
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The codes of docs/grpc-api.md. */
export function verdictStatus({ kind, message }: Exclude<Reply, Buffer>): Status {
  switch (kind) {
    case 'failure':
      return { code: codes.aborted, details: fitting(message, 'FAILURE'), retryAfterMs: 0 };
    case 'ongoing':
      return { code: codes.failedPrecondition, details: fitting(message, 'ONGOING'), retryAfterMs: 0 };
    case 'error':
      return { code: codes.unknown, details: fitting(message, ''), retryAfterMs: 0 };
    default:
      return kind satisfies never;
  }
}

/** What is not a HoldfastError is a defect: its text stays in the log. */
export function errorStatus(error: unknown): Status {
  if (!(error instanceof HoldfastError)) {
    const { grpc, text } = errorCatalogue.INTERNAL;
    return { code: grpc, details: text, retryAfterMs: 0 };
  }
  const { grpc } = errorCatalogue[error.code];
  return { code: grpc, details: fitting(error.message, ''), retryAfterMs: error.retryAfterMs };
}

/**
 * Details travel percent-encoded in a trailer, of which some clients take 8 KiB in all: a character may take three
 * times its bytes. The word at the end stays, since some SDKs look for it.
 */
function fitting(message: string, word: string): string {
  // Half of a surrogate pair could not be encoded.
  const text = message.toWellFormed();
  const short = shorten(text, wordsBytes);
  return short.length === text.length || word === '' ? short : `${short} ${word}`;
}
