import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { ServerIdentity } from '../../tls/server-identity.ts';
import type { Changing } from '../../tls/watched-files.ts';
import type { GrpcSettings } from './settings.ts';

export interface SessionsParts {
  readonly settings: Pick<GrpcSettings, 'maxStreams' | 'keepAliveMs' | 'keepAliveTimeoutMs'>;
  /** Undefined: plain text. */
  readonly identity: Changing<ServerIdentity> | undefined;
  begun(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
  /** A connection over TLS whose client did not ask for HTTP/2. */
  notHttp2(socket: Socket): void;
}

/** HTTP/2 connections with clients, over TLS or not: their streams, and whether their clients are there still. */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #server: Http2Server;
  readonly #open = new Set<ServerHttp2Session>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#server = serverOf(parts);
    this.#server.on('session', (session) => this.#opened(session));
    this.#server.on('stream', (stream, headers) => {
      // It says no more than that the stream is over, which its close says as well. Nobody hearing it would end the process.
      stream.on('error', () => stream.destroy());
      parts.begun(stream, headers);
    });
    this.#server.on('unknownProtocol', (socket: Socket) => parts.notHttp2(socket));
  }

  /** A new connection, of which nothing was read, or what was read was put back. */
  serve(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  /** Clients are told to go elsewhere; each connection ends with the last call on it. */
  drain(): void {
    for (const session of this.#open) session.close();
  }

  #opened(session: ServerHttp2Session): void {
    const { keepAliveMs, keepAliveTimeoutMs } = this.#parts.settings;
    this.#open.add(session);
    // What was wrong shows in its calls.
    session.on('error', () => session.destroy());
    let pong: NodeJS.Timeout | undefined;
    const ping = setInterval(() => {
      if (pong !== undefined || session.destroyed) return;
      pong = setTimeout(() => session.destroy(), keepAliveTimeoutMs).unref();
      session.ping((error: Error | null) => {
        clearTimeout(pong);
        pong = undefined;
        // It cannot be asked any more: node keeps some connections that are over, and their sockets with them.
        if (error !== null) session.destroy();
      });
    }, keepAliveMs).unref();
    session.once('close', () => {
      clearInterval(ping);
      clearTimeout(pong);
      this.#open.delete(session);
    });
  }
}

function serverOf({ settings, identity }: SessionsParts): Http2Server {
  const options = {
    settings: { maxConcurrentStreams: settings.maxStreams },
    // What calls hold is counted above, over all connections.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
  };
  if (identity === undefined) return createServer(options);
  const { clientCa } = identity.value;
  const requestCert = clientCa !== undefined;
  const server = createSecureServer({ ...options, ...contextOf(identity.value), requestCert });
  // New connections are shown the identity as it is then; those that are open go on.
  identity.onChange((value) => server.setSecureContext(contextOf(value)));
  // Whatever is wrong with a handshake is its client's: the connection is closed.
  server.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()));
  return server;
}

function contextOf({ cert, key, clientCa }: ServerIdentity) {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
