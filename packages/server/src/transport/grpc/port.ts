import { createServer, type Server, type Socket } from 'node:net';
import { listenOn } from '../listen.ts';
import type { GrpcSettings } from './settings.ts';

type PortSettings = Pick<GrpcSettings, 'host' | 'port' | 'maxConnections' | 'tcpKeepAliveMs'>;

/**
 * The port that gRPC is served on. It is opened before anything that speaks gRPC is loaded, so that a port that is taken
 * stops the start early; connections that come until then wait.
 */
export class GrpcPort {
  readonly #settings: PortSettings;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #waiting: Socket[] = [];
  #serve: ((socket: Socket) => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(settings: PortSettings) {
    this.#settings = settings;
    const sockets = { noDelay: true, keepAlive: true, keepAliveInitialDelay: settings.tcpKeepAliveMs };
    this.#server = createServer(sockets, (socket) => this.#connected(socket));
    this.#server.maxConnections = settings.maxConnections;
  }

  /**
   * Resolves with where it listens, once it does.
   * @throws the system's error (EADDRINUSE, EACCES, ...) where it cannot
   */
  async listen(): Promise<{ readonly host: string; readonly port: number }> {
    return listenOn(this.#server, this.#settings);
  }

  /** Connections are served from now on, and those that wait. */
  serve(serve: (socket: Socket) => void): void {
    this.#serve = serve;
    for (const socket of this.#waiting.splice(0)) if (!socket.destroyed) serve(socket);
  }

  /** Takes no new connection; resolves when all are gone, which are cut after that long. Idempotent. */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const cutAll = () => {
      for (const socket of this.#open) socket.destroy();
    };
    const cut = setTimeout(cutAll, graceMs);
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    // It calls back with an error where it did not listen: closed is closed.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(cut);
  }

  #connected(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    // What is wrong with a connection shows in its calls; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    if (this.#serve === undefined) this.#waiting.push(socket);
    else this.#serve(socket);
  }
}
