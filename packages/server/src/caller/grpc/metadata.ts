import { type GrpcTarget, metadataTrouble } from '@holdfast/core';
import type { BranchCall } from '../../engine/ports.ts';
import { checkHeaderName, framingHeaders, hasControlCharacter } from '../branch-headers.ts';
import { indexed, literal, literalBytes, staticHeaders, writeLiteral } from '../http2/hpack/encoder.ts';

/**
 * Names that a branch's headers cannot set: those that frame the call or the connection, those of gRPC itself (`grpc-`),
 * and those that name the branch. They are left out: over HTTP, where the same headers go, some of them have a meaning.
 */
const reserved: ReadonlySet<string> = new Set([
  ...framingHeaders,
  'content-encoding',
  'content-type',
  'dtm-branch_id',
  'dtm-dtm',
  'dtm-gid',
  'dtm-op',
  'dtm-trans_type',
  'host',
  'user-agent',
]);

const beyondAscii = /[^\0-\x7f]/;

/**
 * The headers of a call (docs/http-api.md#grpc), as HPACK has them: those of gRPC, what names the branch, then the branch's
 * own in lower case. A value that is not printable ASCII goes percent-encoded, one of a `-bin` name in base64.
 * @param timeoutMs what is left for the call
 * @throws Error naming the header, never its value
 */
export function requestHeaders(call: BranchCall, target: GrpcTarget, timeoutMs: number, userAgent: string): Buffer {
  const names = [
    ...['grpc-timeout', timeoutText(timeoutMs)],
    ...['dtm-gid', identity('dtm-gid', call.gid)],
    ...['dtm-trans_type', call.type],
    ...['dtm-branch_id', identity('dtm-branch_id', call.branchId)],
    ...['dtm-op', identity('dtm-op', call.op)],
  ];
  for (const name of Object.keys(call.headers)) addHeader(names, name, call.headers[name] ?? '');
  const prefix = prefixOf(target, userAgent);
  let length = prefix.length;
  for (let at = 0; at < names.length; at += 2) length += literalBytes(names[at] ?? '', names[at + 1] ?? '');
  const block = Buffer.allocUnsafe(length);
  block.set(prefix);
  let end = prefix.length;
  for (let at = 0; at < names.length; at += 2) end = writeLiteral(block, end, names[at] ?? '', names[at + 1] ?? '');
  return block.subarray(0, end);
}

function addHeader(names: string[], name: string, value: string): void {
  const key = name.toLowerCase();
  if (reserved.has(key) || key.startsWith('grpc-')) return;
  checkHeaderName(key);
  names.push(key, key.endsWith('-bin') ? Buffer.from(value).toString('base64') : metadataValue(key, value));
}

/** What is the same in all calls of a target; targets of the same URL are one object. */
const prefixes = new WeakMap<GrpcTarget, Buffer>();

function prefixOf(target: GrpcTarget, userAgent: string): Buffer {
  const known = prefixes.get(target);
  if (known !== undefined) return known;
  const prefix = Buffer.concat([
    indexed(staticHeaders.post),
    indexed(target.isTls ? staticHeaders.https : staticHeaders.http),
    literal(':authority', target.authority),
    literal(':path', target.path),
    literal('te', 'trailers'),
    literal('content-type', 'application/grpc'),
    literal('user-agent', userAgent),
    literal('dtm-dtm', ''),
  ]);
  prefixes.set(target, prefix);
  return prefix;
}

/** At most eight digits and a unit. */
function timeoutText(timeoutMs: number): string {
  const whole = Math.max(1, Math.ceil(timeoutMs));
  return whole < 100_000_000 ? `${whole}m` : `${Math.min(99_999_999, Math.ceil(whole / 1000))}S`;
}

/**
 * Sent as it is or not at all: a service could take one branch for another. What gRPC cannot carry is not accepted, but may
 * be stored since an earlier version: beyond ASCII it goes as UTF-8, as then, so that barriers know it again.
 */
function identity(name: string, value: string): string {
  const trouble = metadataTrouble(value);
  if (trouble === undefined) return value;
  if (hasControlCharacter(value) || value !== value.trim()) throw new Error(`${name} ${trouble}`);
  return Buffer.from(value).toString('latin1');
}

/**
 * gRPC allows printable ASCII in metadata. Of other values every byte that is not, and `%`, is percent-encoded, so that
 * services of any language read it and can tell what it was. HTTP/2 allows no blanks at either end.
 */
function metadataValue(name: string, value: string): string {
  if (hasControlCharacter(value)) throw new Error(`the header ${name} has a line break or control character`);
  const text = value.trim();
  if (!beyondAscii.test(text)) return text;
  return text.toWellFormed().replace(/[^ -~]+|%/gu, encodeURIComponent);
}
