/** What is told on a connection where no request can be answered: what came is not HTTP, or came too slowly. */
export type ConnectionRefusal = 'not-http' | 'head-too-large' | 'too-slow' | 'tls' | 'http2';

const refusals: Readonly<Record<ConnectionRefusal, readonly [status: string, message: string]>> = {
  'not-http': ['400 Bad Request', 'the request is not valid HTTP'],
  'head-too-large': ['431 Request Header Fields Too Large', 'the head of the request is larger than the limit'],
  'too-slow': ['408 Request Timeout', 'the request did not arrive in time'],
  tls: ['400 Bad Request', 'this port speaks HTTP/1.1 without TLS, and this is TLS: use http:// instead of https://'],
  http2: ['400 Bad Request', 'this port speaks HTTP/1.1, and this is HTTP/2: gRPC has a port of its own (grpc.port)'],
};

/** The whole answer, in ASCII. It is the last one of its connection. */
export function refusalText(refusal: ConnectionRefusal): string {
  const [status, message] = refusals[refusal];
  const body = JSON.stringify({ message });
  return (
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  );
}

/** How much of a refused body is taken off the wire after the answer, and for how long, before the connection is cut. */
export const lingerBytes = 8 * 1024 * 1024;
export const lingerMs = 2000;
