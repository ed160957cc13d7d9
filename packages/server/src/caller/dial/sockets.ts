import { connect as connectSocket, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Trust } from '../../tls/trust.ts';
import type { DialRequest } from './dial.ts';
import { TlsSessions } from './tls-sessions.ts';

/**
 * After so long without a byte the system asks the other end whether it is there. Less than the time after which
 * balancers and firewalls forget a connection, which is a minute or more.
 */
const keepAliveDelayMs = 30_000;

/** Opens sockets to one address each: plain, or secured by what is trusted at that time. */
export class Sockets {
  readonly #trust: Trust;
  readonly #sessions = new TlsSessions();
  /** What node trusts; made once, because that takes time. */
  #ownContext: SecureContext | undefined;

  /** @param trust what connections trust over TLS; undefined: what node trusts */
  constructor(trust: Trust = () => undefined) {
    this.#trust = trust;
  }

  /** @throws Error where node does not even try */
  open(request: DialRequest, address: string, onread: OnReadOpts | undefined): Socket {
    const { port, tls } = request;
    const options = {
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
      ...(onread && { onread }),
    };
    return tls === undefined ? connectSocket(options) : this.#openTls(request, tls.alpn, options);
  }

  #openTls(request: DialRequest, alpn: readonly string[], options: object): TLSSocket {
    const { host, port } = request;
    const secureContext = this.#trust() ?? this.#nodeContext();
    const key = `${host}:${port} ${alpn.join()}`;
    const session = this.#sessions.get(key, secureContext);
    const socket = connectTls({
      ...options,
      secureContext,
      ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
      // An address is no name that TLS could ask for, and names have no dot at their end there.
      ...(isIP(host) === 0 && { servername: host.replace(/\.$/, '') }),
      ...(session && { session }),
    });
    socket.on('session', (fresh) => this.#sessions.keep(key, secureContext, fresh));
    // A session that the service does not take any more must not be offered again.
    if (session !== undefined) {
      const forget = () => this.#sessions.forget(key);
      socket.once('error', forget);
      socket.once('secureConnect', () => socket.removeListener('error', forget));
    }
    return socket;
  }

  #nodeContext(): SecureContext {
    this.#ownContext ??= createSecureContext();
    return this.#ownContext;
  }
}
