import { invalid } from '@holdfast/core';
import { stringMap } from './fields.ts';
import type { Fields } from './json.ts';

/** Limits of the headers that one transaction may add to its branch calls. */
const headerLimits = { count: 100, bytes: 16 * 1024 } as const;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** They go out as UTF-8. */
const text = /^[\t\x20-\x7e\xa0-\u{10ffff}]*$/u;

/** Names that frame an HTTP message or a connection: whoever sends the call sets them. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** With a prototype: to write an object without one as JSON takes a microsecond longer. */
const noHeaders: Readonly<Record<string, string>> = {};

/** Headers for every branch call; of two that differ only in case the last wins. */
export function branchHeaders(fields: Fields): Readonly<Record<string, string>> {
  const field = 'branch_headers';
  const given = stringMap(fields[field] ?? {}, field);
  const names = Object.keys(given);
  if (names.length === 0) return noHeaders;
  if (names.length > headerLimits.count) throw invalid(field, `must be at most ${headerLimits.count} headers`);
  const byFolded = new Map<string, string>();
  let bytes = 0;
  for (const name of names) {
    if (!token.test(name)) throw invalid(field, 'names must be those of HTTP headers');
    if (reserved.has(name.toLowerCase())) {
      throw invalid(field, `must not set a header of the connection or the framing: ${[...reserved].join(', ')}`);
    }
    const value = given[name] ?? '';
    if (!text.test(value) || !value.isWellFormed()) {
      throw invalid(field, 'values must be text without control characters');
    }
    bytes += name.length + Buffer.byteLength(value);
    byFolded.set(name.toLowerCase(), name);
  }
  if (bytes > headerLimits.bytes) throw invalid(field, `must be at most ${headerLimits.bytes} bytes in all`);
  const headers: Record<string, string> = Object.create(null);
  for (const name of byFolded.values()) headers[name] = given[name] ?? '';
  return headers;
}
