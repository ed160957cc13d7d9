/**
 * Requests that are nearly right. Whatever the lane serves must be what node:http, a parser that many have looked at,
 * makes of the same bytes: another reading would be a way to smuggle a request.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Started, start } from '../../packages/server/src/transport/http/testing.ts';
import { startWithoutLane } from '../faults/hostile-requests/node-only.ts';
import { Random } from '../lib/random.ts';
import { below, inputOf } from './requests/inputs.ts';
import { fuzz } from './slice.ts';

let both: Started;
let withoutLane: Awaited<ReturnType<typeof startWithoutLane>>;
before(async () => {
  both = await start();
  withoutLane = await startWithoutLane(both.parts);
});
after(async () => {
  await both.server.close(0);
  await withoutLane.close();
});

test('with the lane and without it the same bytes have the same answers, and ask the same', () =>
  fuzz('requests', async (seed) => {
    const random = new Random(seed);
    const bytes = Buffer.from(inputOf(random), 'latin1');
    const at = below(random, bytes.length + 1);
    const [byBoth, byNode] = await Promise.all([
      answersTo(both.port, bytes, at),
      answersTo(withoutLane.port, bytes, at),
    ]);
    // How much node:http has read when it answers decides whether it closes the connection, and both have read by chance.
    const count = Math.min(byBoth.length, byNode.length);
    const what = JSON.stringify(bytes.toString('latin1'));
    assert.deepEqual(byBoth.slice(0, count).map(meaning), byNode.slice(0, count).map(meaning), what);
    const isCut = byBoth.length !== byNode.length;
    if (isCut) {
      const shorter = [byBoth, byNode].find(({ length }) => length === count)?.at(-1) ?? '';
      assert.match(shorter, /^$|^HTTP\/1\.1 4|Connection: close/, what);
    }
    const asked = [both.coordinator.asked.splice(0), withoutLane.coordinator.asked.splice(0)] as const;
    const most = isCut ? Math.min(asked[0].length, asked[1].length) : Number.POSITIVE_INFINITY;
    assert.deepEqual(asked[0].slice(0, most), asked[1].slice(0, most), what);
  }));

/** The status; and the body, unless there is more than one reason to refuse it. */
function meaning(answer: string): string {
  const [head = '', ...body] = answer.split('\r\n\r\n');
  const status = head.slice(0, head.indexOf('\r\n'));
  return status.includes(' 200 ') ? `${status} ${body.join()}` : status;
}

/** The answers, in their order. */
async function answersTo(port: number, bytes: Buffer, at: number): Promise<readonly string[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let text = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined).on('close', () => resolve());
  });
  await new Promise<void>((resolve) => socket.write(bytes.subarray(0, at), () => resolve()));
  await new Promise((resolve) => setImmediate(resolve));
  socket.end(bytes.subarray(at));
  const hung = setTimeout(() => socket.destroy(new Error('hung')), 5000);
  await closed;
  clearTimeout(hung);
  assert.notEqual(
    socket.errored?.message,
    'hung',
    `is not answered on port ${port}: ${JSON.stringify(bytes.toString('latin1'))} cut at ${at}, ${text}`,
  );
  return text.split(/(?=HTTP\/1\.1 \d)/);
}
