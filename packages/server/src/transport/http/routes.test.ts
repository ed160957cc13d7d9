import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { HoldfastError } from '@holdfast/core';
import fc from 'fast-check';
import { held, raw, type Started, shown, start } from './testing.ts';

let started: Started;
before(async () => {
  started = await start();
});
after(() => started.server.close(1000));
beforeEach(() => {
  const { coordinator, observed } = started;
  coordinator.asked.length = 0;
  observed.length = 0;
  coordinator.pages = [];
  Object.assign(coordinator, { refusal: undefined, standing: undefined, stored: undefined, reason: undefined });
});

const jsonType = 'application/json; charset=utf-8';
const saga = { gid: 'g', trans_type: 'saga', steps: [{ action: 'http://h/a' }], payloads: ['{}'] };

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(started.base + path, { method, headers, ...(text === undefined ? {} : { body: text }) });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    headers: answer.headers,
    body: await answer.text(),
  };
}
const post = (route: string, body: unknown, headers?: Record<string, string>) =>
  call('POST', `/api/dtmsvr/${route}`, body, headers);
const get = (route: string) => call('GET', `/api/dtmsvr/${route}`);

test('3: ping answers any method', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const answer = await call(method, '/api/ping', method === 'POST' ? 'anything' : undefined);
    assert.deepEqual([answer.status, answer.type, answer.body], [200, jsonType, '{"msg":"pong"}'], method);
  }
  assert.equal((await call('HEAD', '/api/ping')).status, 200);
  assert.deepEqual(started.observed, [], 'ping is not in the metrics');
});

test('1, 2: version and newGid', async () => {
  assert.equal((await get('version')).body, '{"version":"v1.2.3"}');
  assert.equal((await get('newGid')).body, '{"dtm_result":"SUCCESS","gid":"gid-1"}');
});

test('prepare, submit, abort and registerBranch reach the coordinator', async () => {
  const success = [200, jsonType, '{"dtm_result":"SUCCESS"}'];
  const answers = [
    await post('prepare', { gid: 'g', trans_type: 'tcc', concurrent: false, protocol: '' }),
    await post('submit', { ...saga, wait_result: true, branch_headers: { a: 'b' } }),
    await post('abort', { gid: 'g', trans_type: 'tcc', rollback_reason: 'why' }),
    ...(await Promise.all(
      ['registerBranch', 'registerXaBranch', 'registerTccBranch'].map((route) =>
        post(route, { gid: 'g', trans_type: 'tcc', branch_id: '01', confirm: 'http://h/c', cancel: '', data: 'd' }),
      ),
    )),
  ];
  for (const answer of answers) assert.deepEqual([answer.status, answer.type, answer.body], success);
  const { asked } = started.coordinator;
  assert.deepEqual(
    asked.map(([name]) => name),
    ['prepare', 'submit', 'abort', ...Array(3).fill('registerBranch')],
  );
  assert.equal(asked[1]?.[2], true, 'waits');
  assert.deepEqual(asked[2]?.slice(1), ['g', 'tcc', 'why']);
  assert.deepEqual(asked[3]?.slice(1), [
    'g',
    'tcc',
    [
      { branchId: '01', op: 'cancel', url: '', payload: 'd' },
      { branchId: '01', op: 'confirm', url: 'http://h/c', payload: 'd' },
    ],
  ]);
  assert.deepEqual(started.observed.slice(0, 3), ['http prepare ok', 'http submit ok', 'http abort ok']);
});

test('what a request says of its content type decides nothing', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    ';;;',
    'a/b; charset=x',
    'é',
  ]) {
    const answer = await raw(
      started.port,
      `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${JSON.stringify(saga).length}\r\n\r\n${JSON.stringify(saga)}`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /, type);
  }
});

test('slashes may be doubled or trail; other routes are not found', async () => {
  assert.equal((await call('GET', '//api///dtmsvr//version')).status, 200);
  assert.equal((await call('GET', '/api/dtmsvr/version/')).status, 200);
  const lost: [string, string][] = [
    ['GET', '/api'],
    ['GET', '/api/dtmsvr/nothing'],
    ['GET', '/%zz'],
    ['GET', '/api/dtmsvr/VERSION'],
    ['POST', '/api/v1/backup'],
  ];
  for (const [method, path] of lost) {
    const answer = await call(method, path);
    const body = method === 'HEAD' ? '' : '404 page not found';
    assert.deepEqual([answer.status, answer.type, answer.body], [404, 'text/plain; charset=utf-8', body], path);
  }
});

test('D16: another method of a route is told which there are', async () => {
  const cases: [method: string, path: string, allow: string][] = [
    ['GET', '/api/dtmsvr/submit', 'POST'],
    ['GET', '/api/dtmsvr/submit?gid=g', 'POST'],
    ['PUT', '/api/dtmsvr//submit/', 'POST'],
    ['POST', '/api/dtmsvr/query', 'GET'],
    ['HEAD', '/api/dtmsvr/version', 'GET'],
    ['GET', '/api/dtmsvr/topic/t', 'DELETE'],
    ['DELETE', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/api/json-rpc', 'POST'],
  ];
  for (const [method, path, allow] of cases) {
    const { status, headers, body } = await call(method, path);
    assert.deepEqual([status, headers.get('allow')], [405, allow], `${method} ${path}`);
    assert.equal(body, method === 'HEAD' ? '' : `405 method not allowed: only ${allow}`);
  }
});

test('the root says what this is, and a browser gets no error for its icon', async () => {
  const { status, type, body } = await call('GET', '/');
  assert.deepEqual([status, type], [200, 'text/plain; charset=utf-8']);
  assert.match(body, /^Holdfast v1\.2\.3, .* docs\/http-api\.md .*\n$/);
  const icon = await call('GET', '/favicon.ico');
  assert.deepEqual([icon.status, icon.body, icon.headers.get('content-length')], [204, '', null]);
});

test('D4: a refusal of the engine is answered by its code', async () => {
  const refuse = (...given: ConstructorParameters<typeof HoldfastError>) => new HoldfastError(...given);
  const cases: [HoldfastError | Error, number, string, string | null][] = [
    [
      refuse('WRONG_STATUS', "current status 'succeed', cannot sumbmit. FAILURE"),
      409,
      `{"dtm_result":"FAILURE","message":"current status 'succeed', cannot sumbmit. FAILURE"}`,
      null,
    ],
    [refuse('NOT_FOUND', 'gid: no such transaction'), 404, '{"message":"gid: no such transaction"}', null],
    [refuse('INVALID_INPUT', 'trans_type: no'), 400, '{"message":"trans_type: no"}', null],
    [refuse('BRANCH_EXISTS', 'branch_id: other'), 500, '{"message":"branch_id: other"}', null],
    [refuse('OVERLOADED', 'later', { retryAfterMs: 1200 }), 429, '{"message":"later"}', '2'],
    [refuse('OVERLOADED', 'later'), 429, '{"message":"later"}', '1'],
    [refuse('UNAVAILABLE', 'later'), 503, '{"message":"later"}', '1'],
    [new Error('secret FAILURE'), 500, '{"message":"internal error"}', null],
  ];
  for (const [refusal, status, body, retryAfter] of cases) {
    started.coordinator.refusal = refusal;
    const answer = await post('submit', saga);
    assert.deepEqual([answer.status, answer.body, answer.headers.get('retry-after')], [status, body, retryAfter]);
  }
  assert.ok(
    started.observed.some((line) => line.includes('broke') && line.includes('secret')),
    'a defect is told of',
  );
});

test('30, 31, 32, 79: a waiting submit is answered by where the transaction stands', async () => {
  const submit = async (type: 'saga' | 'tcc', progress: object, trouble?: { kind: 'ongoing'; message: string }) => {
    started.coordinator.standing = { transaction: held(shown({ type }, progress)), trouble };
    const answer = await post('submit', { gid: 'g', trans_type: type, wait_result: true });
    return [answer.status, JSON.parse(answer.body)];
  };
  assert.deepEqual(await submit('saga', { status: 'succeed' }), [200, { dtm_result: 'SUCCESS' }]);
  assert.deepEqual(await submit('saga', { status: 'failed', reason: 'no money FAILURE' }), [
    409,
    { dtm_result: 'FAILURE', message: 'no money FAILURE' },
  ]);
  const [status, unfinished] = await submit('saga', { status: 'submitted' });
  assert.equal(status, 409);
  assert.match(unfinished.message, /^wait result not return success: .*ongoing.* FAILURE$/);
  assert.deepEqual(await submit('tcc', { status: 'submitted' }, { kind: 'ongoing', message: '' }), [
    425,
    { dtm_result: 'ONGOING', message: 'ONGOING' },
  ]);
});

test('5, 6, 7: query shows the transaction with its branches, or null', async () => {
  assert.equal((await get('query?gid=none')).body, '{"branches":[],"transaction":null}');
  const steps = ['01', '02'].map((branchId) => ({ branchId, action: 'http://h/a', compensate: '', payload: '{}' }));
  started.coordinator.stored = shown({ type: 'msg', steps }, { operations: 'sp' });
  const { transaction, branches } = JSON.parse((await get('query?gid=a%3Bb&gid=c')).body);
  assert.equal(transaction.gid, 'g1');
  assert.deepEqual(
    branches.map((row: { status: string }) => row.status),
    ['succeed', 'prepared'],
  );
  assert.deepEqual(started.coordinator.asked.at(-1), ['query', 'a;b']);
  for (const bad of ['query', 'query?gid=', `query?gid=${'x'.repeat(129)}`]) {
    assert.deepEqual([(await get(bad)).status, started.coordinator.asked.length], [400, 2], bad);
  }
});

test('10: all by gid is that one alone, or null', async () => {
  assert.equal((await get('all?gid=x&status=nonsense')).body, '{"transactions":null,"next_position":""}');
  started.coordinator.stored = shown();
  const { transactions, next_position } = JSON.parse((await get('all?gid=x')).body);
  assert.deepEqual([transactions.length, transactions[0].gid, next_position], [1, 'g1', '']);
});

test('8, 9, 11: all fills its page from short ones and passes the position on', async () => {
  const page = (count: number, next: string) => ({ transactions: Array.from({ length: count }, () => shown()), next });
  started.coordinator.pages = [page(2, 'p1'), page(0, 'p2'), page(1, 'p3'), page(9, '')];
  const { transactions, next_position } = JSON.parse((await get('all?limit=3&status=submitted')).body);
  assert.deepEqual([transactions.length, next_position], [3, 'p3']);
  assert.deepEqual(started.coordinator.asked, [
    ['list', { limit: 3, status: 'submitted' }],
    ['list', { limit: 1, status: 'submitted', position: 'p1' }],
    ['list', { limit: 1, status: 'submitted', position: 'p2' }],
  ]);
  started.coordinator.pages = [page(0, '')];
  assert.equal((await get('all?position=p3')).body, '{"transactions":[],"next_position":""}');
  started.coordinator.pages = Array.from({ length: 100 }, (_, at) => page(0, `q${at}`));
  assert.equal(JSON.parse((await get('all')).body).next_position, 'q19', 'a rare filter does not search for ever');
});

test('13: bad parameters are refused by their names', async () => {
  for (const bad of [
    'all?limit=abc',
    'all?status=x',
    'all?transType=XA',
    'all?createTimeEnd=-1',
    'resetCronTime?limit=0',
    'resetCronTime?timeout=FAILURE',
  ]) {
    const answer = await get(bad);
    assert.equal(answer.status, 400, bad);
    assert.ok(JSON.parse(answer.body).message.startsWith(`${/\?(\w+)/.exec(bad)?.[1]}: must be`), answer.body);
  }
  assert.deepEqual(started.coordinator.asked, []);
});

test('16, 18, 20: operators stop and reset', async () => {
  assert.equal((await post('forceStop', { gid: 'a;b' })).status, 200);
  assert.equal((await post('resetNextCronTime', { gid: 'g' })).status, 200);
  assert.equal((await get('resetCronTime')).body, '{"succeed_count":3,"has_remaining":true}');
  assert.equal((await get('resetCronTime?timeout=100&limit=9')).status, 200);
  assert.deepEqual(started.coordinator.asked, [
    ['forceStop', 'ab'],
    ['makeDue', 'g'],
    ['makeManyDue', 105_000, 100],
    ['makeManyDue', 100_000, 9],
  ]);
  assert.equal((await post('forceStop', {})).status, 400);
});

test('a gid or topic in a path may be as long and as odd as it may be elsewhere', async () => {
  for (const name of ['g'.repeat(128), '\u{1f600}'.repeat(128), 'a/b', '%2e', '?#+ ;']) {
    started.coordinator.asked.length = 0;
    await call('GET', `/api/v1/transactions/${encodeURIComponent(name)}`);
    await call('DELETE', `/api/dtmsvr/topic/${encodeURIComponent(name)}`);
    assert.deepEqual(started.coordinator.asked, [
      ['explain', name],
      ['deleteTopic', name],
    ]);
  }
});

test('health is that of the process, readiness that of the coordinator', async () => {
  assert.equal((await call('GET', '/readyz')).status, 200);
  started.coordinator.reason = 'the disk is full';
  const unready = await call('GET', '/readyz');
  assert.deepEqual(
    [unready.status, JSON.parse(unready.body).message, unready.headers.get('retry-after')],
    [503, 'the disk is full', '1'],
  );
  assert.equal((await call('HEAD', '/readyz')).status, 503);
  assert.equal((await call('GET', '/healthz')).status, 200);
});

test('metrics are served as they are', async () => {
  const answer = await call('GET', '/api/metrics');
  assert.deepEqual(
    [answer.status, answer.type, answer.body],
    [200, 'text/plain; version=0.0.4; charset=utf-8', 'a 1\n'],
  );
});

test('a backup is made one at a time, where the store has one', async () => {
  let finish: (() => void) | undefined;
  const other = await start({
    backup: () => new Promise((resolve) => (finish = () => resolve({ path: '/data/b', bytes: 7, removed: [] }))),
  });
  const backup = () => fetch(`${other.base}/api/v1/backup`, { method: 'POST' });
  const first = backup();
  while (finish === undefined) await new Promise(setImmediate);
  const second = await backup();
  assert.deepEqual([second.status, second.headers.get('retry-after')], [503, '5']);
  finish();
  assert.equal(await (await first).text(), '{"path":"/data/b","bytes":7,"removed":[]}');
  await other.server.close(1000);
});

test('registerBranch answers what is no map of strings as plain text', async () => {
  for (const body of ['', 'x', '[]', '{"gid":"g","data":{"FAILURE":1}}']) {
    const answer = await post('registerBranch', body);
    assert.deepEqual([answer.status, answer.type], [400, 'text/plain; charset=utf-8'], body);
    assert.equal(typeof JSON.parse(answer.body).message, 'string');
  }
  const bad = await post('registerBranch', { gid: '', trans_type: 'tcc', branch_id: '01' });
  assert.deepEqual([bad.status, bad.type], [400, jsonType]);
});

const bodyRoutes = ['prepare', 'submit', 'abort', 'registerBranch', 'forceStop', 'resetNextCronTime'];
const words = fc.constantFrom(
  'FAILURE',
  'ONGOING',
  'xFAILUREx',
  '__proto__',
  'saga',
  'tcc',
  'http://h/a',
  '{"orders":{"FAILURE":1}}',
);
const value = fc.oneof(words, fc.jsonValue(), fc.array(words), fc.dictionary(words, words), fc.double(), fc.integer());
const keys = [
  'gid',
  'GID',
  'trans_type',
  'steps',
  'payloads',
  'protocol',
  'query_prepared',
  'custom_data',
  'branch_headers',
];
const fields = [...keys, 'timeout_to_fail', 'retry_limit', 'wait_result', 'branch_id', 'data', 'confirm', 'FAILURE'];
const body = fc.oneof(
  fc.jsonValue().map((json) => JSON.stringify(json)),
  fc.dictionary(fc.constantFrom(...fields), value).map((json) => JSON.stringify(json)),
  fc
    .dictionary(fc.constantFrom(...fields), value)
    .map((json) => JSON.stringify({ gid: 'g', trans_type: 'saga', ...json })),
  fc.string(),
);

test('no body whatever is answered with an outcome, a crash or the words that mean one', async () => {
  const property = fc.asyncProperty(fc.constantFrom(...bodyRoutes), body, async (route, text) => {
    const answer = await post(route, text);
    assert.ok(answer.status === 200 || answer.status === 400, `${answer.status} ${answer.body}`);
    assert.doesNotMatch(answer.body, /FAILURE|ONGOING/);
    assert.deepEqual(
      started.observed.filter((line) => line.startsWith('broke')),
      [],
    );
  });
  await fc.assert(property, { numRuns: 600 });
});

test('no query string whatever either', async () => {
  const routes = fc.constantFrom('query', 'all', 'resetCronTime');
  const names = fc.constantFrom(
    'gid',
    'limit',
    'status',
    'transType',
    'position',
    'createTimeStart',
    'timeout',
    'FAILURE',
  );
  const property = fc.asyncProperty(
    routes,
    fc.dictionary(names, fc.oneof(words, fc.string())),
    async (route, given) => {
      const answer = await get(`${route}?${new URLSearchParams(given)}`);
      assert.ok(answer.status === 200 || answer.status === 400, `${answer.status} ${answer.body}`);
      assert.doesNotMatch(answer.body, /FAILURE|ONGOING/);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('the coordinators on the store, and one of them is asked to drain', async () => {
  const answer = await call('GET', '/api/v1/nodes');
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), {
    incident: '',
    nodes: [
      {
        ...{ id: 'i1', name: 'host:1', version: '1.2.3', format: 2 },
        ...{ isThis: true, isDraining: false, isDead: false },
        ...{ startedAt: '1970-01-01T00:00:01.000Z', heardAt: '1970-01-01T00:00:02.000Z' },
      },
    ],
  });
  assert.deepEqual((await call('POST', '/api/v1/nodes/i1/drain')).body, '{"asked":true}');
  assert.deepEqual(started.coordinator.asked, [['drain', 'i1']]);
  started.coordinator.refusal = new HoldfastError('NOT_FOUND', 'there is no such coordinator');
  assert.equal((await call('POST', '/api/v1/nodes/i2/drain')).status, 404);
});
