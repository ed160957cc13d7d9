import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { httpDefaults } from './settings.ts';
import { shown, until } from './testing.ts';
import { testsOfBothWays } from './ways-testing.ts';

const tests = testsOfBothWays();
const { both } = tests;
const start = (settings: Partial<typeof httpDefaults>) => tests.start({ settings: { ...httpDefaults, ...settings } });

const query = () => `GET ${tests.root}/api/dtmsvr/query?gid=g HTTP/1.1\r\nHost: localhost\r\n\r\n`;

function large(mebibytes: number) {
  const step = { branchId: '01', action: '', compensate: '', payload: 'x'.repeat(1024 ** 2) };
  return shown({ type: 'msg', steps: Array.from({ length: mebibytes }, () => step) });
}

/** Asks, and never reads. */
function deaf(port: number, text: string) {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(text);
  return socket;
}

both('so many reads run at once, so many wait, the rest is refused; other routes are served meanwhile', async () => {
  const { base, coordinator } = await start({ readsAtOnce: 2, readsWaiting: 1 });
  let open: () => void = () => undefined;
  coordinator.gate = new Promise((resolve) => {
    open = resolve;
  });
  const read = (route: string) => fetch(`${base}${tests.root}/api/dtmsvr/${route}`);
  const first = read('query?gid=1');
  const second = read('all');
  await until(() => coordinator.asked.length === 2);
  const others = [read('query?gid=3'), read('query?gid=4')];
  const refused = await Promise.race(others);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal((await read('version')).status, 200);
  assert.equal(coordinator.asked.length, 2, 'the third waits');
  open();
  const statuses = (await Promise.all([first, second, ...others])).map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), [200, 200, 200, 503]);
  assert.equal((await read('query?gid=5')).status, 200, 'every turn was given back');
});

both('a read that fails gives its turn back', async () => {
  const { base, coordinator } = await start({ readsAtOnce: 1, readsWaiting: 0 });
  coordinator.refusal = new Error('broken');
  assert.equal((await fetch(`${base}${tests.root}/api/dtmsvr/query?gid=g`)).status, 500);
  coordinator.refusal = undefined;
  assert.equal((await fetch(`${base}${tests.root}/api/dtmsvr/query?gid=g`)).status, 200);
});

both('answers of clients that do not read have a budget; what is given up is given back', async () => {
  const { base, port, coordinator, server } = await start({ answerBudgetBytes: 16 * 1024 ** 2 });
  coordinator.stored = large(8);
  const sockets = [deaf(port, query()), deaf(port, query())];
  // Each answer is more than the buffers of a connection take.
  await until(() => coordinator.asked.length === 2);
  const refused = await fetch(`${base}${tests.root}/api/dtmsvr/query?gid=g`);
  assert.equal(refused.status, 503);
  assert.match(await refused.text(), /^\{"message":"too many answers/);
  assert.equal((await fetch(`${base}${tests.root}/api/dtmsvr/newGid`)).status, 200, 'nothing else is refused');
  for (const socket of sockets) socket.destroy();
  coordinator.stored = undefined;
  await until(async () => (await fetch(`${base}${tests.root}/api/dtmsvr/query?gid=g`)).status === 200);
  await server.close(0);
});

both('a client that does not read its answer is not asked for more', async () => {
  const { port, coordinator, base } = await start({});
  coordinator.stored = large(8);
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(query().repeat(3));
  await until(() => coordinator.asked.length === 1);
  for (let time = 0; time < 5; time += 1) {
    assert.equal((await fetch(`${base}${tests.root}/api/dtmsvr/newGid`)).status, 200);
  }
  assert.equal(coordinator.asked.length, 1, 'the others wait until it reads');
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await until(() => bytes > 3 * 8 * 1024 ** 2);
  assert.equal(coordinator.asked.length, 3);
  socket.destroy();
});

both('answers that were read are given back', async () => {
  const { base, coordinator } = await start({ answerBudgetBytes: 16 * 1024 ** 2 });
  coordinator.stored = large(8);
  for (let time = 0; time < 4; time += 1) {
    const answer = await fetch(`${base}${tests.root}/api/dtmsvr/query?gid=g`);
    assert.equal(answer.status, 200);
    await answer.text();
  }
});

both('an answer of all ends where it is large, and its position goes on', async () => {
  const { base, coordinator } = await start({ listBytes: 3000 });
  const page = (next: string) => ({ transactions: [shown({ customData: 'x'.repeat(1024) })], next });
  coordinator.pages = [page('p1'), page('p2'), page('p3'), page('p4'), page('')];
  const { transactions, next_position } = JSON.parse(await (await fetch(`${base}${tests.root}/api/dtmsvr/all`)).text());
  assert.deepEqual([transactions.length, next_position], [3, 'p3']);
  assert.equal(transactions[2].custom_data.length, 1024);
});

both('an answer of prepareWorkflow has the same budget; its refusal is no JSON', async () => {
  const { base, port, coordinator } = await start({ answerBudgetBytes: 8 * 1024 ** 2 });
  coordinator.stored = large(8);
  const body = JSON.stringify({ gid: 'g', trans_type: 'workflow', query_prepared: 'http://h/w' });
  const head = `POST ${tests.root}/api/dtmsvr/prepareWorkflow HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
  const socket = deaf(port, head + body);
  await until(() => coordinator.asked.length === 1);
  const refused = await fetch(`${base}${tests.root}/api/dtmsvr/prepareWorkflow`, { method: 'POST', body });
  assert.equal(refused.status, 503);
  assert.match(await refused.text(), /^holdfast-unavailable: too many answers/);
  assert.equal(coordinator.asked.length, 1, 'and nothing was done');
  socket.destroy();
});

both('what began together is held to that budget as well', async () => {
  const { base, port, coordinator } = await start({ answerBudgetBytes: 8 * 1024 ** 2 });
  coordinator.stored = large(8);
  const { promise, resolve: open } = Promise.withResolvers<void>();
  coordinator.gate = promise;
  const body = JSON.stringify({ gid: 'g', trans_type: 'workflow', query_prepared: 'http://h/w' });
  const head = `POST ${tests.root}/api/dtmsvr/prepareWorkflow HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
  const socket = deaf(port, head + body);
  await until(() => coordinator.asked.length === 1);
  const second = fetch(`${base}${tests.root}/api/dtmsvr/prepareWorkflow`, { method: 'POST', body });
  await until(() => coordinator.asked.length === 2);
  open();
  assert.equal((await second).status, 503);
  socket.destroy();
});

const topic = (key: string, characters: number) => {
  return { category: 'topics', key, value: 'x'.repeat(characters), version: 1, createdMs: 1, updatedMs: 1 };
};

both('records are read a few at a time, and an answer of them ends where it is large', async () => {
  const { base, coordinator } = await start({ listBytes: 3000 });
  coordinator.values = Array.from({ length: 50 }, (_, index) => topic(String(index + 10), 100));
  const ask = async (route: string) =>
    JSON.parse(await (await fetch(`${base}${tests.root}/api/dtmsvr/${route}`)).text());
  const first = await ask('scanKV?cat=topics&limit=1000');
  assert.deepEqual([first.kv.length, first.next_position], [30, '39']);
  const second = await ask('scanKV?cat=topics&limit=1000&position=39');
  assert.deepEqual([second.kv.length, second.next_position], [20, '']);
  assert.deepEqual(await ask('queryKV?cat=topics'), {
    message: 'key: must not be empty, because there are too many keys: use scanKV',
  });
  for (const [, , , limit] of coordinator.asked) assert.ok(Number(limit) <= 20);
});
