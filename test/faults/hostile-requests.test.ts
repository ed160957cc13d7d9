/** What is not a request as SDKs send it meets exactly one fate, however it is cut on its way. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { type Started, start, until } from '../../packages/server/src/transport/http/testing.ts';
import { corpus, type Hostile } from './hostile-requests/corpus.ts';
import { startWithoutLane } from './hostile-requests/node-only.ts';
import { statusesOf } from './hostile-requests/send.ts';

const atOnce = 50;

test('the corpus is large, and no case is there twice', () => {
  assert.ok(corpus.length >= 150, `${corpus.length} cases`);
  assert.equal(new Set(corpus.map(({ bytes }) => bytes)).size, corpus.length);
});

test('each case has its outcome, whole and cut in two at every byte', async () => {
  const started = await start();
  try {
    for (const hostile of corpus) await check(started, hostile);
  } finally {
    await started.server.close(0);
  }
});

test('and the same without the lane', async () => {
  const withLane = await start();
  const started = await startWithoutLane(withLane.parts);
  try {
    for (const hostile of corpus) await check(started, hostile);
  } finally {
    await started.close();
    await withLane.server.close(0);
  }
});

test('a reset at any byte leaves nothing behind, and only what was whole is asked', async () => {
  const { port, server, coordinator } = await start();
  const body = '{"gid":"g","trans_type":"saga"}';
  const head = (framing: string) => `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`;
  const requests = [
    `${head(`Content-Length: ${body.length}`)}${body}`,
    `${head('Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ];
  try {
    for (const request of requests) {
      for (let at = 0; at < request.length; at += 1) {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        await new Promise<void>((resolve) => socket.write(request.slice(0, at), () => resolve()));
        await nextRound();
        socket.resetAndDestroy();
      }
    }
    await until(async () => (await server.openConnections()) === 0);
    assert.deepEqual(coordinator.asked, []);
    assert.equal(await statusesOf(port, Buffer.from(requests.join('')), 0), '200 200');
  } finally {
    await server.close(0);
  }
});

async function check(
  { port, coordinator }: Pick<Started, 'port' | 'coordinator'>,
  { about, bytes, statuses, submits }: Hostile,
): Promise<void> {
  const sent = Buffer.from(bytes, 'latin1');
  const cuts = [0, ...cutsOf(sent.length)];
  for (let index = 0; index < cuts.length; index += atOnce) {
    await Promise.all(
      cuts.slice(index, index + atOnce).map(async (at) => {
        assert.equal(await statusesOf(port, sent, at), statuses, `${about}, cut at ${at}`);
      }),
    );
  }
  const asked = coordinator.asked.splice(0).map(([name]) => name);
  assert.deepEqual(asked, Array(submits * cuts.length).fill('submit'), about);
}

/** At every byte; of what is long by repetition, at the beginning, at the end and now and then. */
function cutsOf(length: number): number[] {
  const all = Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
  return length <= 500 ? all : all.filter((at) => at <= 300 || at > length - 50 || at % 997 === 0);
}
