import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { frameTypes } from '../http2/frames.ts';
import { certificates } from './certificates.ts';

export interface Peer {
  /** Bytes at the start, and behind the head of the first call. */
  readonly first: Buffer;
  readonly second: Buffer;
  /** It reads no more when the first call has begun. */
  readonly isDeaf?: true;
}

const { cert, key } = certificates();
const prefaceBytes = 24;
const closers: (() => void)[] = [];

/**
 * Says bytes over TLS that are HTTP/2, or nearly so, whatever it hears. It never ends a connection by itself, and does not
 * follow when the client does. Returns its port.
 * @param hasSpoken all was said, on any connection
 */
export async function http2Peer({ first, second, isDeaf }: Peer, hasSpoken = () => {}): Promise<number> {
  const server = createServer({ cert, key, ALPNProtocols: ['h2'], allowHalfOpen: true }, (socket: TLSSocket) => {
    socket.on('error', () => undefined).on('end', () => undefined);
    socket.write(first, () => {
      if (second.length === 0) hasSpoken();
    });
    let read = Buffer.alloc(0);
    let hasBegun = false;
    socket.on('data', (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      if (hasBegun || !hasHead(read.subarray(prefaceBytes))) return;
      hasBegun = true;
      if (isDeaf === true) socket.pause();
      socket.write(second, hasSpoken);
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export function closePeers(): void {
  for (const close of closers) close();
}

function hasHead(frames: Buffer): boolean {
  for (let at = 0; at + 9 <= frames.length; at += 9 + frames.readUIntBE(at, 3)) {
    if (frames[at + 3] === frameTypes.headers) return true;
  }
  return false;
}
