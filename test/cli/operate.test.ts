/** What operators ask of a coordinator that runs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Coordinator, cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { until } from '../lib/until.ts';

const execute = promisify(execFile);
const cli = join(import.meta.dirname, '..', '..', 'packages', 'server', 'src', 'cli.ts');
let coordinator: Coordinator;
let http: HttpCaller;

before(async () => {
  coordinator = await startCoordinator();
  http = new HttpCaller(coordinator.url);
});

after(async () => {
  http.close();
  await coordinator.stop();
});

async function prepare(gid: string, trans_type = 'tcc', more: object = {}): Promise<void> {
  assert.equal((await http.post('/api/dtmsvr/prepare', { gid, trans_type, ...more })).status, 200);
}

async function says(...args: string[]): Promise<string> {
  return (await coordinator.command(...args)).stdout;
}

test('show tells the story of a transaction, and as JSON for programs', async () => {
  await prepare('shown');
  const branch = { branch_id: '01', confirm: 'http://127.0.0.1:1/c', cancel: 'http://127.0.0.1:1/d', data: '' };
  await http.post('/api/dtmsvr/registerBranch', { gid: 'shown', trans_type: 'tcc', ...branch });
  const story = await says('show', 'shown');
  assert.match(story, /^tcc shown is prepared \(created 20/);
  assert.match(story, /01 +cancel +not called +http:\/\/127\.0\.0\.1:1\/d/);
  assert.match(
    story,
    /next: at 20\S+ \(in \d+ s\) it moves to aborting\n {2}because: It is prepared: it waits for submit or abort/,
  );
  assert.match(story, /an abort now: calls 01 cancel; if all succeed it ends failed/);
  const shown = JSON.parse(await says('show', 'shown', '--json'));
  assert.deepEqual([shown.gid, shown.onAbort.isAllowed], ['shown', true]);
});

test('list shows a heading and a line for each, with filters', async () => {
  for (const gid of ['listed-1', 'listed-2']) await prepare(gid);
  for (const type of ['tcc', 'tccs', 'TCC']) {
    const lines = (await says('list', '--prefix', 'listed-', '--status', 'prepared', '--type', type))
      .trim()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)[3]),
      ['GID', 'listed-2', 'listed-1'],
    );
  }
  for (const type of ['msg', 'msgs', 'message', 'Messages'])
    assert.deepEqual(await coordinator.command('list', '--prefix', 'listed-', '--type', type), {
      stdout: '',
      stderr: 'No transaction matches.\n',
    });
  assert.equal((await says('list', '--prefix', 'listed-', '--limit', '1', '--json')).trim().split('\n').length, 1);
});

async function fails(...args: string[]): Promise<string> {
  return failsWith(1, ...args);
}

async function failsWith(code: number, ...args: string[]): Promise<string> {
  const failed = await coordinator.command(...args).catch((error: { code: number; stderr: string }) => error);
  assert.ok('code' in failed && failed.code === code, `${args.join(' ')} fails with ${code}`);
  return failed.stderr;
}

test('who reads a part of a list ends it quietly; a list that cannot be written fails', async () => {
  for (const gid of ['piped-1', 'piped-2']) await prepare(gid);
  const listed = "'$0' --conditions=source '$1' list --http-port $2 --prefix piped-";
  for (const [script, expected] of [
    [`${listed} | true; echo \${PIPESTATUS[0]}`, { stdout: '141\n', stderr: '' }],
    [`${listed} > /dev/full; echo $?`, { stdout: '1\n', stderr: /^holdfast: the output cannot be written \(ENOSPC/ }],
  ] as const) {
    const args = [process.execPath, cli, new URL(coordinator.url).port];
    const { stdout, stderr } = await execute('bash', ['-c', script.replaceAll("'", '"'), ...args], {
      env: cleanEnvironment(),
    });
    assert.equal(stdout, expected.stdout, stderr);
    if (typeof expected.stderr === 'string') assert.equal(stderr, expected.stderr);
    else assert.match(stderr, expected.stderr);
  }
});

test('a coordinator is asked at whatever port, also at the one that gRPC has by default', async () => {
  await prepare('anywhere');
  const at = new URL(coordinator.url).port;
  const { stdout } = await coordinator.commandWith({ HOLDFAST_GRPC_PORT: at }, 'show', 'anywhere');
  assert.match(stdout, /^tcc anywhere is prepared/);
});

test('a long reason is told whole once', async (t) => {
  const service = createServer((_, response) => {
    response.statusCode = 409;
    response.end(`${'a word '.repeat(100)}the end`);
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.after(() => {
    service.close();
    service.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/a`;
  const saga = { gid: 'long', trans_type: 'saga', steps: [{ action: url, compensate: '' }], payloads: ['1'] };
  assert.equal((await http.post('/api/dtmsvr/submit', { ...saga, wait_result: true })).status, 409);
  const story = await says('show', 'long');
  assert.equal(story.split('the end').length, 2, story);
});

test('a gid that looks like a step on a path is one all the same; an empty one is refused', async () => {
  for (const gid of ['.', '..']) {
    await prepare(gid);
    assert.ok((await says('show', gid)).startsWith(`tcc ${gid} is prepared`));
    await says('topics', 'subscribe', gid, 'http://127.0.0.1:1/a');
    await says('topics', 'delete', gid);
  }
  assert.equal(await failsWith(2, 'show', ''), 'holdfast: gid must not be empty\n');
  assert.equal(await failsWith(2, 'topics', 'delete', ''), 'holdfast: topic must not be empty\n');
});

test('a limit that is no number is refused, and lists nothing by mistake', async () => {
  for (const limit of ['abc', '0', '-5', '1.5', '']) {
    assert.equal(await failsWith(2, 'list', '--limit', limit), 'holdfast: --limit must be a whole number from 1\n');
  }
});

test('what clients wrote does not command the terminal', async () => {
  await says(
    'topics',
    'subscribe',
    'news',
    'http://127.0.0.1:1/\u009b31m',
    '--remark',
    '\u001b[31m red\n  http://evil',
  );
  assert.equal(
    await says('topics'),
    'TOPIC, with its subscribers below it\nnews\n  http://127.0.0.1:1/ 31m  ( [31m red   http://evil)\n',
  );
  await says('topics', 'delete', 'news');
  await prepare('coloured', 'xa');
  const branch = { gid: 'coloured', trans_type: 'xa', branch_id: '\u009b31m', url: 'http://127.0.0.1:1/\u009b31m' };
  assert.equal((await http.post('/api/dtmsvr/registerBranch', branch)).status, 200);
  assert.ok(!(await says('show', 'coloured')).includes('\u009b'));
  assert.match(await says('stop', 'coloured'), /Branches {2}31m are still prepared/);
});

test('another server that answers is told from a coordinator', async () => {
  const other = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const at = ['--http-port', String((other.address() as AddressInfo).port)];
  for (const [command, name] of [
    [['show', 'g'], 'attempts'],
    [['list'], 'transactions'],
    [['topics', 'list'], 'kv'],
  ] as const) {
    const told = await fails(...command, ...at);
    assert.match(told, new RegExp(`^holdfast: http://\\S+ gave an answer without ${name}\\. Is it a coordinator`));
  }
  other.close();
  other.closeAllConnections();
});

test('B10: retry makes it due now, stop ends it; both name what they cannot find', async () => {
  const steps = [{ action: 'http://127.0.0.1:1/a', compensate: '' }];
  const saga = { gid: 'retried', trans_type: 'saga', steps, payloads: ['1'], retry_interval: 1000, wait_result: true };
  await http.post('/api/dtmsvr/submit', saga);
  const attempts = async () => JSON.parse(await says('show', 'retried', '--json')).attemptCount;
  assert.equal(await attempts(), 1);
  assert.match(await says('retry', 'retried'), /^retried goes on now/);
  await until('it was tried again', async () => (await attempts()) === 2);
  assert.match(await says('stop', 'retried'), /^retried has failed, because it was stopped\. No branch was called/);
  assert.match(
    await says('show', 'retried'),
    /^saga retried has failed[\s\S]*an operator ended it as failed \(it was submitted\)/,
  );
  assert.match(await says('retry', 'retried'), /^retried has already failed; there is nothing to retry\.\n$/);
  for (const command of ['retry', 'stop', 'show']) {
    const failed = await coordinator
      .command(command, 'unknown')
      .catch((error: { code: number; stderr: string }) => error);
    assert.ok('code' in failed && failed.code === 1);
    assert.match(failed.stderr, /refused: gid: no such transaction \(HTTP 404\)/);
  }
});

test('rollback turns a saga back, tells what it waits for, and asks before it does not wait', async () => {
  const steps = [{ action: 'http://127.0.0.1:1/a', compensate: '' }];
  const saga = { gid: 'turned', trans_type: 'saga', steps, payloads: ['1'], retry_interval: 1000, wait_result: true };
  await http.post('/api/dtmsvr/submit', saga);
  assert.match(
    await says('show', 'turned'),
    /because: The last call failed: .*\n {2}last failure: 01 action at \S+: cannot connect.*\n {2}sooner: holdfast retry turned\n/,
  );
  assert.match(await says('show', 'turned'), /a rollback now: calls 01 compensate; if all succeed it ends failed/);
  assert.match(
    await fails('rollback', 'turned', '--do-not-wait'),
    /may still run[\s\S]*barrier[\s\S]*add --yes to confirm/,
  );
  assert.match(await says('rollback', 'turned', '--reason', 'not sold any more'), /^turned is aborting/);
  await until('it has ended', async () => (await says('show', 'turned')).startsWith('saga turned has failed'));
  const story = await says('show', 'turned');
  assert.match(story, /an operator asked for the rollback \(it was submitted\), because: not sold any more/);
  assert.match(
    await fails('rollback', 'turned', '--do-not-wait', '--yes'),
    /the saga has already failed.* \(HTTP 409\)/,
  );
  assert.match(await fails('rollback', 'shown'), /must be the gid of a saga; abort this one while it is prepared/);
});

test('topics are listed, changed and deleted', async () => {
  await says('topics', 'subscribe', 'news', 'http://127.0.0.1:1/a', '--remark', 'the first');
  await says('topics', 'subscribe', 'news', 'http://127.0.0.1:1/b');
  assert.equal(
    await says('topics', 'list'),
    'TOPIC, with its subscribers below it\nnews\n  http://127.0.0.1:1/a  (the first)\n  http://127.0.0.1:1/b\n',
  );
  await says('topics', 'unsubscribe', 'news', 'http://127.0.0.1:1/a');
  assert.equal(
    await says('topics', 'list', '--json'),
    '{"topic":"news","subscribers":[{"url":"http://127.0.0.1:1/b","remark":""}]}\n',
  );
  await says('topics', 'delete', 'news');
  assert.deepEqual(await coordinator.command('topics'), { stdout: '', stderr: 'There are no topics.\n' });
});

test('config tells every setting and where it comes from', async () => {
  const printed = await says('config');
  assert.match(printed, /^ {2}port: \d+ +# HOLDFAST_HTTP_PORT$/m);
  assert.match(printed, /^retryIntervalMs: 10000 +# default$/m);
});

test('nodes says that there is one, by its name; it is stopped and not drained', async () => {
  const [node, ...others] = JSON.parse(await says('nodes', '--json')).nodes;
  assert.deepEqual([node.isThis, node.isDraining, node.isDead, others.length], [true, false, false, 0]);
  const lines = (await says('nodes')).trim().split('\n');
  assert.deepEqual([lines.length, lines[0]?.startsWith(`${node.name}  ${node.id}  `)], [1, true]);
  assert.match(lines[0] ?? '', /serves {2}\(this one was asked\)$/u);
  const metrics = await http.get('/api/metrics');
  assert.ok(metrics.text.includes(`coordinator="${node.name}"`));
  await assert.rejects(says('nodes', '--drain', node.id), /the store has one coordinator: stop it instead/u);
});
