import type { OnReadOpts, Socket } from 'node:net';

export interface DialRequest {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Undefined: plain TCP. `alpn`: protocols to offer, the best one first; none: the extension is not sent. */
  readonly tls: { readonly alpn: readonly string[] } | undefined;
  /** Node's `onread` for the socket of each attempt. Without it the socket emits `data`. */
  onread?(): OnReadOpts;
}

export interface Dialed {
  /** Connected, over TLS secured; with TCP_NODELAY and TCP keep-alive. Nobody listens to its errors yet. */
  readonly socket: Socket;
  /** The protocol that both ends agreed on by ALPN. */
  readonly alpn: string | undefined;
  /** What `onread` returned for this socket. */
  readonly onread: OnReadOpts | undefined;
}

export interface DialFailure {
  /** For people: each address, and why it could not be reached. */
  readonly message: string;
  /** This machine is short of something: it says nothing about the destination. */
  readonly isLocal: boolean;
  /** An address was reached, and speaks none of the protocols that were offered. */
  readonly isOtherProtocol?: true;
}

export type DialResult = { readonly ok: Dialed } | { readonly failed: DialFailure };

export interface Dialing {
  /** Gives up; nothing is told any more. No effect after its end. */
  cancel(): void;
  /** What it waits for, as it stands behind `no`: `connection to 10.0.0.1:80`. */
  readonly waitsFor: string;
}
