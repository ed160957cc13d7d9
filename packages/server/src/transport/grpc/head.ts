import type { IncomingHttpHeaders } from 'node:http2';
import { invalid } from '@holdfast/core';
import { codes, errorStatus, type Status } from './status.ts';

/** How messages of a call may be compressed. */
export type Packing = 'identity' | 'gzip' | 'deflate';

/** What the head of a request says. */
export type Head =
  | {
      readonly kind: 'call';
      readonly packing: Packing;
      /** How long its client waits for the answer; undefined: it does not say. */
      readonly timeoutMs: number | undefined;
    }
  /** No gRPC: answered with an HTTP status and a sentence. */
  | { readonly kind: 'http'; readonly status: number; readonly text: string; readonly allow?: string }
  | { readonly kind: 'refused'; readonly status: Status };

const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

export function headOf(headers: IncomingHttpHeaders): Head {
  const method = headers[':method'];
  if (method !== 'POST') return { kind: 'http', status: 405, text: notGrpc, allow: 'POST' };
  if (!isGrpcType(headers['content-type'])) return { kind: 'http', status: 415, text: notGrpc };
  const packing = headers['grpc-encoding'] ?? 'identity';
  if (packing !== 'identity' && packing !== 'gzip' && packing !== 'deflate')
    return { kind: 'refused', status: unknownPacking };
  const given = headers['grpc-timeout'];
  if (given === undefined) return { kind: 'call', packing, timeoutMs: undefined };
  const timeoutMs = timeoutMsOf(String(given));
  return timeoutMs === undefined ? { kind: 'refused', status: badTimeout } : { kind: 'call', packing, timeoutMs };
}

/** Undefined: the text is none that gRPC allows. */
function timeoutMsOf(text: string): number | undefined {
  const unitMs = /^\d{1,8}[HMSmun]$/.test(text) ? unitsMs[text.slice(-1)] : undefined;
  return unitMs === undefined ? undefined : Number(text.slice(0, -1)) * unitMs;
}

function isGrpcType(type: string | undefined): boolean {
  return type !== undefined && (type === 'application/grpc' || /^application\/grpc[+;]/i.test(type));
}

const notGrpc = 'This port serves gRPC: POST with content-type application/grpc.\n';

const badTimeout = errorStatus(invalid('grpc-timeout', 'must be at most 8 digits and one of H, M, S, m, u, n'));

/** The code that gRPC demands. */
const unknownPacking: Status = {
  code: codes.unimplemented,
  details: 'grpc-encoding: must be identity, gzip or deflate',
  retryAfterMs: 0,
};
