import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ConnectionRefusal, lingerBytes, lingerMs, refusalText } from '../refusals.ts';
import { checkEachMs, type HttpSettings } from '../settings.ts';

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
      connectionsCheckingInterval: checkEachMs(settings),
      keepAliveTimeout: settings.keepAliveTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: settings.tcpKeepAliveMs,
      noDelay: true,
    },
    (request, response) => {
      if (!closing.has(request.socket)) serve(request, response);
    },
  );
  server.maxConnections = settings.maxConnections;
  // A client may close its side once it has sent its request: it still gets the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  // Without a listener node:http cuts the connection, and the answers to requests before it.
  server.on('connect', (_request, socket: Socket) => refuseConnection(noTunnel, socket));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (closing.has(request.socket)) return;
    if (mayContinue(request)) response.writeContinue();
    serve(request, response);
  });
  return server;
}

/**
 * A client that has closed its side may wait for its answer, or may have left: TCP cannot tell. So it is waited for, but
 * not for long. What it has not sent to its end is refused, also where node:http does not see that it ended too early.
 */
export function limitHalfOpen(socket: Socket, halfClosedTimeoutMs: number): void {
  socket.once('end', () => {
    if (hasHalf(socket) && !closing.has(socket)) refuseConnection(endedEarly, socket);
    const timer = setTimeout(() => socket.destroy(), halfClosedTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
  });
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

export interface ConnectionError extends Error {
  readonly code?: string | undefined;
  /** The bytes that could not be read: a Buffer, whatever the types of Fastify say. */
  readonly rawPacket?: unknown;
}

/** What is not HTTP, or came too slowly. Never before the answers to requests that came before it. */
export function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (isAnswering(socket)) {
    // Nothing more of it is read or served: what waits is answered, and then this is.
    closing.add(socket);
    refused.set(socket, refused.get(socket) ?? error);
    socket.pause();
    return;
  }
  if (closing.has(socket)) socket.destroy();
  else refuseNow(error, socket);
}

/** By what came behind requests that wait for their answers. */
const refused = new WeakMap<Socket, ConnectionError>();

function refuseNow(error: ConnectionError, socket: Socket): void {
  closing.add(socket);
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  // What comes behind an answer with `Connection: close` was not asked for.
  socket.end(error.code === 'HPE_CLOSED_CONNECTION' ? '' : refusalText(refusalOf(error)));
}

const recordOfHandshake = 0x16;

function refusalOf({ code, rawPacket }: ConnectionError): ConnectionRefusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'head-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'too-slow';
    case 'HPE_PAUSED_H2_UPGRADE':
      return 'http2';
    default:
      return rawPacket instanceof Uint8Array && rawPacket[0] === recordOfHandshake ? 'tls' : 'not-http';
  }
}

const unanswered = new WeakMap<Socket, Set<IncomingMessage>>();

/** Keeps in mind that this request of the connection waits for its answer. */
export function trackAnswer(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const requests = unanswered.get(socket) ?? new Set();
  unanswered.set(socket, requests.add(request));
  response.once('close', () => {
    requests.delete(request);
    const error = refused.get(socket);
    if (error !== undefined && !isAnswering(socket) && socket.writable) refuseNow(error, socket);
  });
}

const noTunnel: ConnectionError = new Error('CONNECT: this is no proxy');
const endedEarly: ConnectionError = new Error('the client closed its side in the middle of a request');

function hasHalf(socket: Socket): boolean {
  for (const request of unanswered.get(socket) ?? []) if (!request.complete) return true;
  return false;
}

/** Whether a request that arrived whole still waits: the next answer on this connection must be its own. */
function isAnswering(socket: Socket): boolean {
  for (const request of unanswered.get(socket) ?? []) if (request.complete) return true;
  return false;
}
