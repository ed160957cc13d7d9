import { connect } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';

const hungMs = 10_000;

/**
 * Sends the bytes to a server in this process, in two parts, and closes this side, so that what is not whole is refused at
 * once. Resolves with all that came until the other side closed; rejects where it does not close for 10 s.
 * @param at where they are cut in two, so that each part is read by itself; 0: in one part
 */
export async function exchangeCut(port: number, bytes: Buffer, at: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let text = '';
  let isHung = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('end', () => socket.end());
    // It may be cut while bytes are still under way.
    socket.on('error', () => undefined).on('close', () => resolve());
  });
  const hung = setTimeout(() => {
    isHung = true;
    socket.destroy();
  }, hungMs);
  if (at > 0) {
    await new Promise<void>((resolve) => socket.write(bytes.subarray(0, at), () => resolve()));
    // The server is in this process: it has read them then.
    for (let round = 0; round < 3; round += 1) await nextRound();
  }
  socket.end(bytes.subarray(at));
  await closed;
  clearTimeout(hung);
  if (!isHung) return text;
  const sent = JSON.stringify(bytes.toString('latin1'));
  throw new Error(`is not answered on port ${port}: ${sent} cut at ${at}; came: ${text}`);
}
