import type { IncomingHttpHeaders } from 'node:http2';
import { grpcCodeOf, isGrpcUnavailable, judgeGrpc, parseRetryAfter } from '@holdfast/core';
import type { SentAnswer } from '../../engine/ports.ts';

/** What an answer says; `undefined` where it has no status yet. */
export type Judged = Pick<SentAnswer, 'outcome' | 'health'>;

const unknown = 2;

/** The status among headers or trailers, judged; undefined where there is none. */
export function judgeStatus(headers: IncomingHttpHeaders): Judged | undefined {
  const text = headers['grpc-status'];
  if (typeof text !== 'string') return undefined;
  const isCode = /^\d{1,9}$/.test(text);
  const message = decodedMessage(headers['grpc-message']);
  return judged(isCode ? Number(text) : unknown, isCode ? message : `a status that is not a number: ${message}`, 0);
}

/**
 * The head of an answer where it is none of gRPC: a proxy's, or that of another kind of service. Undefined: it is one.
 * @param wallMs now, for Retry-After
 */
export function judgeHead(headers: IncomingHttpHeaders, wallMs: number): Judged | undefined {
  const statusCode = Number(headers[':status']);
  if (statusCode !== 200) {
    const withStatus = judgeStatus(headers);
    if (withStatus !== undefined && isGrpc(headers)) return withStatus;
    return judged(grpcCodeOf(statusCode), `HTTP ${statusCode}`, parseRetryAfter(headers['retry-after'], wallMs));
  }
  return isGrpc(headers) ? undefined : judged(unknown, 'the answer is not gRPC: its content type is another', 0);
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return /^application\/grpc(?:$|[+;])/i.test(headers['content-type'] ?? '');
}

function judged(code: number, message: string, retryAfterMs: number): Judged {
  const outcome = judgeGrpc(code, message, retryAfterMs);
  return { outcome, health: isGrpcUnavailable(code) ? 'unavailable' : 'ok' };
}

/** Percent-encoded UTF-8; what is encoded wrongly, or not at all, stands for itself. */
function decodedMessage(value: string | string[] | undefined): string {
  const raw = Buffer.from((Array.isArray(value) ? value[0] : value) ?? '', 'latin1');
  if (!raw.includes(0x25)) return raw.toString('utf8');
  const bytes = raw.toString('latin1').replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
