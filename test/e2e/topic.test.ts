import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DtmClient } from './dtm-client.ts';
import type { ScriptedService } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();

async function change(client: DtmClient, route: string, topic: string, url: string): Promise<string> {
  const { status, text } = await client.get(`${route}?${query({ topic, url, remark: 'r' })}`);
  return status === 200 ? text : `${status} ${JSON.parse(text).message}`;
}

const done = '{"dtm_result":"SUCCESS"}';
const subscribe = (client: DtmClient, topic: string, url: string) => change(client, 'subscribe', topic, url);
const unsubscribe = (client: DtmClient, topic: string, url: string) => change(client, 'unsubscribe', topic, url);

async function remove(client: DtmClient, topic: string): Promise<string> {
  const { status, text } = await client.http.delete(`/api/dtmsvr/topic/${encodeURIComponent(topic)}`);
  return status === 200 ? text : `${status} ${text}`;
}

async function valuesOf(
  client: DtmClient,
  route: string,
): Promise<{ kv: Record<string, unknown>[]; next_position?: string }> {
  const { status, text } = await client.get(route);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

async function send(client: DtmClient, service: ScriptedService, topic: string) {
  const gid = client.newGid();
  const steps = [{ action: `topic://${topic}` }, { action: `${service.url}/${gid}/plain` }];
  const answer = await client.post('submit', {
    gid,
    trans_type: 'msg',
    wait_result: true,
    steps,
    payloads: ['"a"', '"b"'],
  });
  return { gid, ...answer };
}

test('51: a message to a topic goes to each subscriber', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  for (const name of ['one', 'two'])
    assert.equal(await subscribe(client, topic, `${service.url}/${topic}/${name}`), done);
  const { gid, status, text } = await send(client, service, topic);
  assert.equal(status, 200, text);
  assert.deepEqual(service.callsOf(gid), [`/${topic}/one`, `/${topic}/two`, `/${gid}/plain`]);
  const { branches } = await client.query(gid);
  assert.deepEqual(
    branches.map(({ branch_id, status: state }) => `${branch_id} ${state}`),
    ['01-01 succeed', '01-02 succeed', '02 succeed'],
  );
});

test('a single subscriber is the branch itself', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  await subscribe(client, topic, `${service.url}/${topic}/one`);
  const { gid } = await send(client, service, topic);
  assert.deepEqual(
    (await client.query(gid)).branches.map(({ branch_id }) => branch_id),
    ['01', '02'],
  );
});

test('60: a topic that does not exist, or that nobody is subscribed to, is refused and nothing is stored', async () => {
  const { client, service } = at();
  const empty = client.newGid();
  await subscribe(client, empty, `${service.url}/x`);
  await unsubscribe(client, empty, `${service.url}/x`);
  for (const topic of [client.newGid(), empty]) {
    const { gid, status, text } = await send(client, service, topic);
    assert.equal(status, 400);
    assert.match(text, /steps\[0\]\.action: topic not found/);
    assert.equal((await client.get(`query?gid=${gid}`)).text, '{"branches":[],"transaction":null}');
  }
});

test('what a topic stands for is decided at the creation: a later submit does not need it', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  const gid = client.newGid();
  await subscribe(client, topic, `${service.url}/${topic}/one`);
  const message = { gid, trans_type: 'msg', steps: [{ action: `topic://${topic}` }], payloads: ['1'] };
  await client.does('prepare', { ...message, query_prepared: `${service.url}/query` });
  assert.equal(await remove(client, topic), done);
  await client.does('submit', { ...message, wait_result: true });
  assert.deepEqual(service.callsOf(gid), [`/${topic}/one`]);
});

test('94: a subscription twice, an empty topic, an empty URL and a bad one are refused', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  const url = `${service.url}/a`;
  assert.equal(await subscribe(client, topic, url), done);
  assert.equal(await subscribe(client, topic, url), '400 url: this url exists');
  assert.equal(await subscribe(client, '', url), '400 topic: empty topic');
  assert.equal(await subscribe(client, topic, ''), '400 url: empty url');
  assert.match(await subscribe(client, topic, 'FAILURE'), /^400 url: must be an http or https URL/);
});

test('95: unsubscribed twice, from an unknown topic, without topic or URL', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  const url = `${service.url}/a`;
  assert.equal(await unsubscribe(client, topic, url), '404 topic: no such a topic');
  await subscribe(client, topic, url);
  assert.equal(await unsubscribe(client, topic, `${url}/other`), '404 url: no such an url');
  assert.equal(await unsubscribe(client, topic, url), done);
  assert.equal(await unsubscribe(client, topic, url), '404 topic: this topic is empty');
  assert.equal(await unsubscribe(client, '', url), '400 topic: empty topic');
  assert.equal(await unsubscribe(client, topic, ''), '400 url: empty url');
});

test('96: an unknown topic cannot be deleted, a known one can', async () => {
  const { client, service } = at();
  const topic = `${client.newGid()} ä/b`;
  assert.equal(await remove(client, topic), '404 {"message":"topic: no such a topic"}');
  await subscribe(client, topic, `${service.url}/a`);
  assert.equal(await remove(client, topic), done);
  assert.equal((await client.http.delete('/api/dtmsvr/topic/')).status, 404);
});

test('97: of twenty subscriptions at once none is lost', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  const urls = Array.from({ length: 20 }, (_, index) => `${service.url}/s${index}`);
  const answers = await Promise.all(urls.map((url) => subscribe(client, topic, url)));
  assert.deepEqual(new Set(answers), new Set([done]));
  const { kv } = await valuesOf(client, `queryKV?${query({ cat: 'topics', key: topic })}`);
  assert.equal(kv[0]?.['version'], 20);
  const stored: { url: string }[] = JSON.parse(String(kv[0]?.['v']));
  assert.deepEqual(stored.map(({ url }) => url).sort(), urls.sort());
});

test('100, Q21: a topic deleted is gone at once; made again it has only its new subscribers, at once', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  for (const name of ['a', 'b', 'c']) await subscribe(client, topic, `${service.url}/${topic}/old-${name}`);
  await remove(client, topic);
  assert.equal((await send(client, service, topic)).status, 400);
  await subscribe(client, topic, `${service.url}/${topic}/new`);
  const { gid } = await send(client, service, topic);
  assert.deepEqual(service.callsOf(gid), [`/${topic}/new`, `/${gid}/plain`]);
});

test('14: records page by page', async () => {
  const { client, service } = at();
  const topics = Array.from({ length: 3 }, () => client.newGid());
  for (const topic of topics) await subscribe(client, topic, `${service.url}/a`);
  const found: unknown[] = [];
  let position = '';
  do {
    const page = await valuesOf(client, `scanKV?${query({ cat: 'topics', limit: '1', position })}`);
    assert.equal(page.kv.length, 1);
    found.push(page.kv[0]?.['k']);
    position = page.next_position ?? '';
  } while (position !== '');
  assert.deepEqual([...new Set(found)], found);
  for (const topic of topics) assert.ok(found.includes(topic));
  const all = await valuesOf(client, 'scanKV?cat=topics&limit=1000');
  assert.deepEqual([all.kv.map(({ k }) => k), all.next_position], [found, '']);
  assert.deepEqual((await valuesOf(client, 'queryKV?cat=topics')).kv, all.kv);
});

test('15: a record by its key, or none', async () => {
  const { client, service } = at();
  const topic = client.newGid();
  await subscribe(client, topic, `${service.url}/a`);
  const { kv } = await valuesOf(client, `queryKV?${query({ cat: 'topics', key: topic })}`);
  const [{ create_time, update_time, ...record } = {}] = kv;
  const v = JSON.stringify([{ url: `${service.url}/a`, remark: 'r' }]);
  assert.deepEqual(record, { id: 0, cat: 'topics', k: topic, v, version: 1 });
  assert.match(String(create_time), /^\d{4}-.*Z$/);
  assert.equal(update_time, create_time);
  assert.deepEqual(await valuesOf(client, 'queryKV?cat=topics&key=unknown'), { kv: [] });
  assert.equal((await client.get('queryKV?key=a')).status, 400);
});
