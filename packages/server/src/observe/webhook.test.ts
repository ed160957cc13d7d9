import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ManualRuntime } from '../engine/testing/manual-runtime.ts';
import type { Alert } from './alert.ts';
import { postJson, Webhook } from './webhook.ts';

const alertOf = (gid: string): Alert => ({ gid, status: 'submitted', branch: 'http://b', error: 'no', retry_count: 3 });

/** @param answers one per post; what is left out is taken */
function started(answers: ('refused' | 'taken')[] = []) {
  const runtime = new ManualRuntime();
  const posted: string[] = [];
  const ended: string[] = [];
  const webhook = new Webhook({
    url: 'http://hook',
    runtime,
    post: async (_, body) => {
      posted.push(JSON.parse(body).gid);
      if (answers.shift() === 'refused') throw new Error('HTTP 503');
    },
    ended: (result, { gid }, reason) => ended.push(`${gid} ${result}${reason === '' ? '' : `: ${reason}`}`),
  });
  return { webhook, runtime, posted, ended };
}

test('alerts go out in their order, one at a time', async () => {
  const { webhook, runtime, posted, ended } = started();
  for (const gid of ['a', 'b', 'c']) webhook.send(alertOf(gid));
  assert.deepEqual(posted, ['a']);
  await runtime.settle();
  assert.deepEqual(
    [posted, ended],
    [
      ['a', 'b', 'c'],
      ['a sent', 'b sent', 'c sent'],
    ],
  );
});

test('one that is not taken is tried again, ever more slowly, and the others wait for it', async () => {
  const { webhook, runtime, posted } = started(['refused', 'refused']);
  webhook.send(alertOf('a'));
  webhook.send(alertOf('b'));
  await runtime.advance(999);
  assert.deepEqual(posted, ['a']);
  await runtime.advance(1);
  assert.deepEqual(posted, ['a', 'a']);
  await runtime.advance(2000);
  assert.deepEqual(posted, ['a', 'a', 'a', 'b']);
});

test('after a quarter of an hour it is given up', async () => {
  const { webhook, runtime, ended } = started(Array.from({ length: 20 }, () => 'refused' as const));
  webhook.send(alertOf('a'));
  webhook.send(alertOf('b'));
  for (let minute = 0; minute < 20; minute += 1) await runtime.advance(60_000);
  assert.deepEqual(ended, ['a dropped: Error: HTTP 503', 'b sent']);
});

test('of more than a thousand the oldest are given up', async () => {
  const { webhook, runtime, ended } = started(['refused']);
  for (let index = 0; index <= 1001; index += 1) webhook.send(alertOf(`g${index}`));
  assert.deepEqual(ended, ['g1 dropped: more than 1000 are waiting']);
  webhook.stop();
  await runtime.advance(60_000);
  assert.equal(ended.length, 1, 'nothing is sent once it is stopped');
});

test('once it is stopped nothing more goes out, also where one was under way', async () => {
  const { webhook, runtime, posted } = started();
  for (const gid of ['a', 'b']) webhook.send(alertOf(gid));
  webhook.stop();
  await runtime.settle();
  assert.deepEqual(posted, ['a']);
});

test('user and password of the URL are a header; a redirect is not followed; no error shows the URL', async (t) => {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const status = request.url === '/moved' ? 307 : 200;
    response.writeHead(status, { location: '/elsewhere' }).end('{}');
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await postJson(`http://user:p%40ss@${host}/hook?a=1`, '{}');
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  assert.deepEqual([asked[0]?.url, asked[0]?.headers.authorization], ['/hook?a=1', authorization]);
  await assert.rejects(postJson(`http://user:secret@${host}/moved`, '{}'), { message: 'HTTP 307' });
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  const refused = await postJson(`http://user:secret@${host}/`, '{}').catch((error: unknown) => error);
  assert.ok(refused instanceof Error && !String(refused.stack).includes('secret'));
  assert.equal(asked.length, 2);
});
