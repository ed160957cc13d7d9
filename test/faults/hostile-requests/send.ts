import { connect } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';

/**
 * Sends the bytes and closes this side, so that what is not whole is refused at once. Resolves with the statuses of the
 * answers in their order; empty: the connection was closed without one.
 * @param at where they are cut in two, so that each part is read by itself
 */
export async function statusesOf(port: number, bytes: Buffer, at: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let text = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('end', () => socket.end());
    // It may be cut while bytes are still under way.
    socket.on('error', () => undefined).on('close', () => resolve());
  });
  if (at > 0) {
    await new Promise<void>((resolve) => socket.write(bytes.subarray(0, at), () => resolve()));
    // The server is in this process: it has read them then.
    for (let round = 0; round < 3; round += 1) await nextRound();
  }
  socket.end(bytes.subarray(at));
  await closed;
  return [...text.matchAll(/HTTP\/1\.1 (\d+) [\w -]+\r\n/g)].map(([, status]) => status).join(' ');
}
