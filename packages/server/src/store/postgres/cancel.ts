import { connect, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Host } from '../remote/address.ts';

const cancelCode = 80_877_102;
const tlsCode = 80_877_103;
const limitMs = 1000;

export interface CancelKey {
  readonly processId: number;
  readonly secretKey: number;
}

/**
 * Asks the server to end what the session of this key does, as the protocol has it: on a connection of its own, unanswered.
 * Over TLS where the session is: the key is a secret, and is told to no server that cannot show who it is. It is a favour:
 * the conditional write that is issued again decides.
 */
export function cancel(host: Host, { processId, secretKey }: CancelKey, tls: ConnectionOptions | undefined): void {
  const request = message(cancelCode, processId, secretKey);
  const socket = connect(host);
  socket.setTimeout(limitMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  if (tls === undefined) {
    socket.end(request);
    return;
  }
  socket.write(message(tlsCode));
  socket.once('data', (answer) => {
    // Anything else is no TLS, or what somebody else has put in before it.
    if (answer.length !== 1 || answer.toString() !== 'S') {
      socket.destroy();
      return;
    }
    const name = isIP(host.host) === 0 ? { servername: host.host } : {};
    const secured = connectTls({ host: host.host, ...name, ...tls, socket }, () => secured.end(request));
    secured.on('error', () => socket.destroy());
  });
}

/** A request that comes before a session: its length, its code, and numbers. */
function message(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * numbers.length);
  bytes.writeInt32BE(bytes.length, 0);
  for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 + 4 * index);
  return bytes;
}
