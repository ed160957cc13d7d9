import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpSettings } from './settings.ts';

/** How much of a refused body is taken off the wire after the answer, and for how long, before the connection is cut. */
const lingerBytes = 1024 * 1024;
const lingerMs = 2000;

/** Connections that have had their last answer: what still comes on them is not served. */
const closing = new WeakSet<Socket>();

/**
 * A server of node:http with every limit set. `100 Continue` is sent only where the body will be read.
 * @param mayContinue whether a request that waits for it may send its body
 */
export function createLimitedServer(
  settings: HttpSettings,
  mayContinue: (request: IncomingMessage) => boolean,
  serve: RequestListener,
): Server {
  const server = createServer(
    {
      maxHeaderSize: settings.headLimitBytes,
      headersTimeout: settings.headTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, settings.headTimeoutMs),
      keepAliveTimeout: settings.keepAliveTimeoutMs,
      noDelay: true,
    },
    (request, response) => {
      if (!closing.has(request.socket)) serve(request, response);
    },
  );
  server.maxConnections = settings.maxConnections;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (closing.has(request.socket)) return;
    if (mayContinue(request)) response.writeContinue();
    serve(request, response);
  });
  return server;
}

/**
 * To be called before an answer that does not wait for the rest of the request's body: the connection is closed after
 * it. Cutting it at once would send a reset that can overtake the answer, so our side is closed first, a little of the
 * rest is read and dropped, and then the connection is cut.
 */
export function closeAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  closing.add(socket);
  response.setHeader('Connection', 'close');
  let dropped = 0;
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > lingerBytes) request.pause();
  });
  const destroySoon = socket.destroySoon.bind(socket);
  // node:http calls this after the last answer of a connection.
  socket.destroySoon = () => {
    if (request.complete) {
      destroySoon();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
    socket.end();
    request.once('end', destroySoon);
  };
}

/** What is not HTTP, or came too slowly. Never between the answers to requests that came before it. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || closing.has(socket) || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  closing.add(socket);
  const [status, message] = refusals[error.code ?? ''] ?? ['400 Bad Request', 'the request is not valid HTTP'];
  const body = JSON.stringify({ message });
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const refusals: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the head of the request is larger than the limit'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time'],
};

const unanswered = new WeakMap<Socket, Set<IncomingMessage>>();

/** Keeps in mind that this request of the connection waits for its answer. */
export function trackAnswer(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const requests = unanswered.get(socket) ?? new Set();
  unanswered.set(socket, requests.add(request));
  response.once('close', () => requests.delete(request));
}

/** Whether a request that arrived whole still waits: the next answer on this connection must be its own. */
function isAnswering(socket: Socket): boolean {
  for (const request of unanswered.get(socket) ?? []) if (request.complete) return true;
  return false;
}
