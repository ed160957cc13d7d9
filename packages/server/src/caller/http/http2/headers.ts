import { type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import type { HttpRequest } from '../wire.ts';

/** Not to be kept by the tables that make headers short. */
const sensitive: string[] = ['authorization', 'cookie'];

/** A request's head as HTTP/2 has it: names in small letters, the host as `:authority`. */
export function streamHeaders({ method, place, path, headers, body }: HttpRequest): OutgoingHttpHeaders {
  const list: OutgoingHttpHeaders = {
    ':method': method,
    ':scheme': place.isTls ? 'https' : 'http',
    ':authority': place.authority,
    ':path': path,
    [sensitiveHeaders]: sensitive,
  };
  for (let index = 0; index + 1 < headers.list.length; index += 2) {
    const name = headers.list[index]?.toLowerCase() ?? '';
    const value = bytesAsText(headers.list[index + 1] ?? '');
    if (name === 'host') list[':authority'] = value;
    else list[name] = value;
  }
  if (method === 'POST') list['content-length'] = String(Buffer.byteLength(body));
  return list;
}

/** Node writes each character as one byte: what is not ASCII goes out as the bytes of UTF-8. */
function bytesAsText(value: string): string {
  return /^[ -~\t]*$/.test(value) ? value : Buffer.from(value).toString('latin1');
}
