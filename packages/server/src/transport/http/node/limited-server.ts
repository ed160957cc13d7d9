import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { checkEachMs, type HttpSettings } from '../settings.ts';

/** What is done with what node:http has read. */
export interface RequestTaker {
  /** @param waitsToContinue the client sends its body when it was told to */
  take(request: IncomingMessage, response: ServerResponse, waitsToContinue: boolean): void;
  /** A client that takes this for a proxy: node:http does not listen to its connection any more. */
  refuseTunnel(socket: Socket): void;
}

/** A server of node:http with every limit set. */
export function createLimitedServer(settings: HttpSettings, taker: RequestTaker): Server {
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
    (request, response) => taker.take(request, response, false),
  );
  server.maxConnections = settings.maxConnections;
  // A client may close its side once it has sent its request: it still gets the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  // Without a listener node:http cuts the connection.
  server.on('connect', (_request, socket: Socket) => taker.refuseTunnel(socket));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    taker.take(request, response, true),
  );
  return server;
}
