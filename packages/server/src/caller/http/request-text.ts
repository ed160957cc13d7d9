import type { HttpRequest } from './wire.ts';

/** A request's head, and its body where that is a text: to be written as UTF-8. */
export function requestText({ method, place, path, headers, body }: HttpRequest): string {
  const host = headers.hasHost ? '' : `Host: ${place.authority}\r\n`;
  const start = `${method} ${path} HTTP/1.1\r\n${host}Connection: keep-alive\r\n${headers.text}`;
  if (method === 'GET') return `${start}\r\n`;
  return typeof body === 'string'
    ? `${start}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    : `${start}Content-Length: ${body.length}\r\n\r\n`;
}
