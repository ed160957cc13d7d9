import { indexed, literal, literalBytes, staticHeaders, writeLiteral } from '../../http2/hpack/encoder.ts';
import type { HttpRequest } from '../wire.ts';

/** Not to be kept by the tables that make headers short. */
const secret: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/** A request's head, as HPACK has it: names in small letters, the host as `:authority`. */
export function requestBlock({ method, place, path, headers, body }: HttpRequest): Buffer {
  const names: string[] = [];
  let authority = place.authority;
  for (let at = 0; at + 1 < headers.list.length; at += 2) {
    const name = headers.list[at]?.toLowerCase() ?? '';
    // HTTP/2 allows no blanks at either end.
    const value = bytesAsText(headers.list[at + 1] ?? '').replace(/^[ \t]+|[ \t]+$/g, '');
    if (name === 'host') authority = value;
    else names.push(name, value);
  }
  if (method === 'POST') names.push('content-length', String(Buffer.byteLength(body)));
  const start = Buffer.concat([
    indexed(method === 'GET' ? staticHeaders.get : staticHeaders.post),
    indexed(place.isTls ? staticHeaders.https : staticHeaders.http),
    literal(':authority', authority),
    literal(':path', bytesAsText(path)),
  ]);
  let length = start.length;
  for (let at = 0; at < names.length; at += 2) length += literalBytes(names[at] ?? '', names[at + 1] ?? '');
  const block = Buffer.allocUnsafe(length);
  block.set(start);
  let end = start.length;
  for (let at = 0; at < names.length; at += 2) {
    const name = names[at] ?? '';
    end = writeLiteral(block, end, name, names[at + 1] ?? '', secret.has(name));
  }
  return block.subarray(0, end);
}

/** HPACK is given one character a byte: what is not ASCII goes out as the bytes of UTF-8. */
function bytesAsText(value: string): string {
  return /^[ -~\t]*$/.test(value) ? value : Buffer.from(value).toString('latin1');
}
