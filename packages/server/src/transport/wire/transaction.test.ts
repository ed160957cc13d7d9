import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBranch, readBranchMap } from './branch.ts';
import { field } from './testing.ts';
import {
  decodeAbort,
  decodeGid,
  decodePrepare,
  decodeSubmit,
  decodeTransaction,
  decodeWorkflow,
} from './transaction.ts';

const step = { action: 'http://svc/a', compensate: 'https://svc/c' };
const saga = { gid: 'g', trans_type: 'saga', steps: [step], payloads: ['{}'] };
const decode = (body: object) => decodeTransaction(JSON.stringify(body));

test('a saga with every option, as the Go client sends it', () => {
  const text =
    '{"gid":"go-saga-full","trans_type":"saga","custom_data":"{\\"concurrent\\":true,\\"orders\\":{\\"1\\":[0]}}",' +
    '"wait_result":true,"timeout_to_fail":1800,"request_timeout":6,"retry_interval":60,"branch_headers":{"test_header":"test"},' +
    '"concurrent":true,"retry_limit":3,"steps":[{"action":"http://h/TransOut?a=1\\u0026b=\\u003c2\\u003e",' +
    '"compensate":"http://h/TransOutRevert"},{"action":"http://h/TransIn","compensate":""}],"payloads":["{\\"amount\\":30}","null"],"protocol":""}';
  const { options, ...asked } = decodeTransaction(text);
  assert.deepEqual(asked, {
    gid: 'go-saga-full',
    type: 'saga',
    protocol: 'http',
    steps: [
      {
        branchId: '01',
        action: 'http://h/TransOut?a=1&b=<2>',
        compensate: 'http://h/TransOutRevert',
        payload: '{"amount":30}',
      },
      { branchId: '02', action: 'http://h/TransIn', compensate: '', payload: 'null' },
    ],
    queryPrepared: '',
    customData: '{"concurrent":true,"orders":{"1":[0]}}',
  });
  assert.deepEqual(
    { ...options, branchHeaders: { ...options.branchHeaders } },
    {
      waitResult: true,
      timeoutToFailMs: 1_800_000,
      requestTimeoutMs: 6000,
      retryIntervalMs: 60_000,
      branchHeaders: { test_header: 'test' },
      concurrent: true,
      retryLimit: 3,
    },
  );
});

test('nulls, zeros and unknown keys, as the Python and Java clients send them', () => {
  const python = decodeTransaction(
    '{"gid": "p", "trans_type": "msg", "custom_data": null, "query_prepared": null, "protocol": null, "passthrough_headers": [], ' +
      '"branch_headers": {}, "request_timeout": 8, "retry_limit": 0, "wait_result": false, "steps": [{"action": "http://h/a"}], "payloads": ["{}"]}',
  );
  assert.equal(python.protocol, 'http');
  assert.equal(python.options.requestTimeoutMs, 8000);
  const java = decodeTransaction(
    '{\n "subType" : "OperatorParam", "subType" : "OperatorParam",\n "gid" : "j", "trans_type" : "tcc" }',
  );
  assert.deepEqual([java.gid, java.type, java.steps], ['j', 'tcc', []]);
});

test('a payload stays as it was sent, whatever it is', () => {
  const payloads = ['', ' ', '{"n":12345678901234567890.10}', '\u0000\u2028é😀"\\', 'null', '[1,'];
  const asked = decode({ ...saga, steps: payloads.map(() => step), payloads });
  assert.deepEqual(
    asked.steps.map(({ payload }) => payload),
    payloads,
  );
});

test('the oldest clients put the payload into the step', () => {
  const steps = [
    { ...step, data: '{"a":1}' },
    { ...step, DATA: '2' },
  ];
  assert.deepEqual(
    decode({ gid: 'g', trans_type: 'saga', steps }).steps.map(({ payload }) => payload),
    ['{"a":1}', '2'],
  );
  assert.equal(decode({ ...saga, steps: [{ ...step, data: 'x' }] }).steps[0]?.payload, '{}');
});

test('more payloads than steps are ignored, fewer refused', () => {
  assert.equal(decode({ ...saga, payloads: ['a', 'b'] }).steps.length, 1);
  assert.equal(
    field(() => decode({ ...saga, payloads: [] })),
    'payloads',
  );
  assert.equal(
    field(() => decode({ ...saga, payloads: null })),
    'payloads',
  );
  assert.equal(
    field(() => decode({ ...saga, steps: [step, step] })),
    'payloads',
  );
});

test('a gid loses CR, LF and semicolons', () => {
  assert.equal(decode({ ...saga, gid: 'a;b\r\nc' }).gid, 'abc');
  assert.equal(decodeAbort('{"gid":"a;b","trans_type":"tcc","rollback_reason":"why"}').gid, 'ab');
  assert.equal(decodeGid('{"gid":";a"}'), 'a');
  assert.equal(decodeBranch(readBranchMap('{"gid":"a;","trans_type":"tcc","branch_id":"01"}')).gid, 'a');
  assert.equal(
    field(() => decode({ ...saga, gid: ';\n' })),
    'gid',
  );
});

test('Q29: columns of the coordinator are ignored, whatever they hold', () => {
  const asked = decode({
    ...saga,
    status: 'succeed',
    id: 'x',
    owner: 1,
    result: {},
    options: 5,
    next_cron_time: [],
    retry_count: 'x',
  });
  assert.deepEqual(asked, decode(saga));
});

test('steps without URLs, messages and sagas without steps are fine', () => {
  const asked = decode({ ...saga, steps: [{}, null, { action: null, compensate: '' }], payloads: ['a', null, 'c'] });
  assert.deepEqual(asked.steps[1], { branchId: '02', action: '', compensate: '', payload: '' });
  assert.deepEqual(decode({ gid: 'g', trans_type: 'msg' }).steps, []);
  assert.equal(decode({ ...saga, trans_type: 'msg' }).steps[0]?.compensate, '');
});

test('step keys match whatever their case, the exact one first', () => {
  const steps = [{ ACTION: 'http://a/1', Compensate: 'http://a/2', compensate: 'http://a/3' }];
  const [decoded] = decode({ ...saga, steps }).steps;
  assert.deepEqual([decoded?.action, decoded?.compensate], ['http://a/1', 'http://a/3']);
});

test('Q29: bad input is refused by the name of its field', () => {
  const long = 'x'.repeat(129);
  const cases: [string, object][] = [
    ['gid', { gid: '' }],
    ['gid', { gid: long }],
    ['gid', { gid: 'a\u0000' }],
    ['gid', { gid: 'a\ud800' }],
    ['gid', { gid: 7 }],
    ['trans_type', { trans_type: 'FAILURE' }],
    ['trans_type', { trans_type: '' }],
    ['trans_type', { trans_type: 'Saga' }],
    ['trans_type', { trans_type: 1 }],
    ['steps', { steps: {} }],
    ['steps', { steps: 'FAILURE' }],
    ['steps[0]', { steps: ['FAILURE'] }],
    ['steps[0]', { steps: [{ action: 1 }] }],
    ['steps[0]', { steps: [{ ...step, other: 1 }] }],
    ['steps[0].action', { steps: [{ action: 'FAILURE' }] }],
    ['steps[0].action', { steps: [{ action: 'ftp://a/b' }] }],
    ['steps[0].action', { steps: [{ action: 'localhost:8080/a' }] }],
    ['steps[0].action', { steps: [{ action: 'http://' }] }],
    ['steps[0].action', { steps: [{ action: 'http:///a' }] }],
    ['steps[0].action', { steps: [{ action: 'http://a/ b' }] }],
    ['steps[0].action', { steps: [{ action: 'http://a/\n' }] }],
    ['steps[0].action', { steps: [{ action: `http://a/${'x'.repeat(2040)}` }] }],
    ['steps[0].action', { steps: [{ action: 'topic://t' }] }],
    ['steps[0].compensate', { steps: [{ ...step, compensate: 'nowhere' }] }],
    ['steps', { steps: Array.from({ length: 10_001 }, () => step) }],
    ['steps', { trans_type: 'tcc' }],
    ['steps', { trans_type: 'xa' }],
    ['steps', { trans_type: 'workflow' }],
    ['payloads', { payloads: 'FAILURE' }],
    ['payloads[0]', { payloads: [{}] }],
    ['payloads[1]', { payloads: ['', 3] }],
    ['payloads[0]', { payloads: ['\udc00'] }],
    ['protocol', { protocol: 'FAILURE' }],
    ['query_prepared', { query_prepared: 'grpc.host:1/a/b' }],
    ['custom_data', { custom_data: {} }],
    ['custom_data', { custom_data: 'FAILURE' }],
    ['custom_data', { custom_data: `{"a":${'['.repeat(100)}${']'.repeat(100)}}` }],
    ['custom_data', { custom_data: '['.repeat(1_000_000), steps: [] }],
    ['custom_data.orders', { custom_data: '{"orders":{"0":[0]}}' }],
    ['custom_data.orders', { custom_data: '{"orders":{"7":[0]}}' }],
    ['wait_result', { wait_result: 'true' }],
    ['wait_result', { wait_result: 1 }],
    ['concurrent', { concurrent: 'FAILURE' }],
    ['timeout_to_fail', { timeout_to_fail: -1 }],
    ['timeout_to_fail', { timeout_to_fail: 1.5 }],
    ['timeout_to_fail', { timeout_to_fail: '10' }],
    ['timeout_to_fail', { timeout_to_fail: 315_360_001 }],
    ['request_timeout', { request_timeout: 1e300 }],
    ['retry_interval', { retry_interval: 2 ** 53 }],
    ['retry_limit', { retry_limit: -1 }],
    ['retry_limit', { retry_limit: 2 ** 31 }],
    ['branch_headers', { branch_headers: [] }],
    ['branch_headers', { branch_headers: { a: 1 } }],
    ['branch_headers', { branch_headers: { 'a b': '' } }],
    ['branch_headers', { branch_headers: { '': '' } }],
    ['branch_headers', { branch_headers: { a: 'FAILURE\r\nx: y' } }],
    ['branch_headers', { branch_headers: { a: 'x\u0085' } }],
    ['branch_headers', { branch_headers: { a: 'x\ud800' } }],
    ['branch_headers', { branch_headers: { a: 'x\u007f' } }],
    ['branch_headers', { branch_headers: { a: '張'.repeat(5462) } }],
    ['branch_headers', { branch_headers: { 'Content-Length': '0' } }],
    ['branch_headers', { branch_headers: { a: 'x'.repeat(16 * 1024) } }],
    ['branch_headers', { branch_headers: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`h${at}`, ''])) }],
  ];
  for (const [name, change] of cases) {
    assert.equal(
      field(() => decode({ ...saga, ...change })),
      name,
      JSON.stringify(change).slice(0, 100),
    );
  }
});

test('limits count characters, not halves of them', () => {
  assert.equal(decode({ ...saga, gid: '😀'.repeat(128) }).gid.length, 256);
  assert.equal(
    field(() => decode({ ...saga, gid: '😀'.repeat(129) })),
    'gid',
  );
});

test('the largest options are ten years', () => {
  assert.equal(decode({ ...saga, timeout_to_fail: 315_360_000 }).options.timeoutToFailMs, 315_360_000_000);
});

test('a transaction of more than 16 MiB is refused', () => {
  const payload = 'x'.repeat(1024 * 1024);
  const sized = (count: number) => ({ ...saga, steps: Array(count).fill(step), payloads: Array(count).fill(payload) });
  assert.equal(decode(sized(15)).steps.length, 15);
  assert.equal(
    field(() => decode(sized(16))),
    'payloads',
  );
});

test('what a transaction may call depends on its protocol', () => {
  assert.equal(decode({ ...saga, protocol: 'grpc' }).protocol, 'grpc');
  const grpc = 'host:1/a.B/C';
  for (const protocol of ['grpc', 'json-rpc']) {
    const asked = decode({
      ...saga,
      protocol,
      query_prepared: grpc,
      steps: [{ action: grpc, compensate: `grpcs://${grpc}` }],
    });
    assert.deepEqual([asked.steps[0]?.action, asked.queryPrepared], [grpc, grpc]);
  }
  const jsonRpc = { ...saga, protocol: 'json-rpc', steps: [{ action: 'http://a/?method=M', compensate: '' }] };
  for (const payload of ['', 'null', ' {"a":1}'])
    assert.equal(decode({ ...jsonRpc, payloads: [payload] }).steps.length, 1);
  const cases: [name: string, body: object][] = [
    ['steps[0].action', { ...saga, steps: [{ action: grpc, compensate: '' }] }],
    ['steps[0].compensate', { ...saga, steps: [{ action: '', compensate: grpc }] }],
    ['query_prepared', { ...saga, query_prepared: grpc }],
    ['steps[0].action', { ...saga, protocol: 'grpc', steps: [{ action: 'host/a.B/C' }] }],
    ['steps[0].action', { ...saga, protocol: 'grpc', steps: [{ action: 'etcd://host:1/a.B/C' }] }],
    ['steps[0].action', { ...jsonRpc, steps: [{ action: 'http://a/method' }] }],
    ['payloads[0]', { ...jsonRpc, payloads: ['[1]'] }],
    ['payloads[0]', { ...jsonRpc, payloads: ['{'] }],
    ['payloads[0]', { ...jsonRpc, payloads: [`{"a":${'['.repeat(200)}${']'.repeat(200)}}`] }],
    ['steps[0].data', { ...jsonRpc, payloads: [], steps: [{ action: 'http://a/?method=M', data: '1' }] }],
    ['payloads[0]', { ...jsonRpc, steps: [{ action: '', compensate: 'http://a/?method=M' }], payloads: ['"FAILURE"'] }],
  ];
  for (const [name, body] of cases)
    assert.equal(
      field(() => decode(body)),
      name,
      JSON.stringify(body).slice(0, 200),
    );
});

test('the values of headers may be text of any language', () => {
  const headers = { a: '张三', b: 'Zürich', c: '😀\tx', d: '張'.repeat(5400) };
  assert.deepEqual({ ...decode({ ...saga, branch_headers: headers }).options.branchHeaders }, headers);
});

test('headers keep their spelling; of two that differ in case the last wins; no prototype', () => {
  const { branchHeaders } = decodeTransaction(
    '{"gid":"g","trans_type":"saga","branch_headers":{"X-A":"1","x-b":null,"x-a":"2","__proto__":"p","constructor":"c"}}',
  ).options;
  assert.equal(Object.getPrototypeOf(branchHeaders), null);
  assert.deepEqual(Object.entries(branchHeaders), [
    ['x-a', '2'],
    ['x-b', ''],
    ['__proto__', 'p'],
    ['constructor', 'c'],
  ]);
});

test('orders of a submit without steps are left to what is stored', () => {
  const asked = decode({ gid: 'g', trans_type: 'saga', custom_data: '{"orders":{"1":[0]}}' });
  assert.equal(asked.customData, '{"orders":{"1":[0]}}');
});

test('an abort reads its own fields only', () => {
  assert.deepEqual(decodeAbort(JSON.stringify({ ...saga, steps: 'broken', rollback_reason: 'r' })), {
    gid: 'g',
    type: 'saga',
    reason: 'r',
  });
  assert.equal(
    field(() => decodeAbort('{"gid":"g","trans_type":"tcc","rollback_reason":1}')),
    'rollback_reason',
  );
});

const ended = (extra: unknown) => JSON.stringify({ gid: 'a;b', trans_type: 'workflow', req_extra: extra });

test('the submit of a workflow says how it ended, and nothing else of it counts', () => {
  assert.deepEqual(decodeSubmit(ended({ status: 'failed', rollback_reason: 'r', result: 'cg==', more: null })), {
    gid: 'ab',
    end: { to: 'failed', reason: 'r', result: 'cg==' },
  });
  for (const status of ['', 'prepared', 'FAILURE']) {
    assert.equal(
      field(() => decodeSubmit(ended({ status }))),
      'req_extra.status',
    );
  }
  assert.equal(
    field(() => decodeSubmit(ended('FAILURE'))),
    'req_extra',
  );
});

test('prepareWorkflow takes workflows with a callback, and prepare takes none', () => {
  const wanted = {
    gid: 'g',
    trans_type: 'workflow',
    query_prepared: 'http://h/cb',
    custom_data: '{"name":"n","data":""}',
  };
  assert.equal(decodeWorkflow(JSON.stringify(wanted)).queryPrepared, 'http://h/cb');
  const cases: [string, object][] = [
    ['trans_type', { trans_type: 'tcc' }],
    ['query_prepared', { query_prepared: '' }],
    ['custom_data.data', { custom_data: '{"data":"no base64"}' }],
    ['custom_data', { custom_data: 'FAILURE' }],
    ['custom_data.name', { custom_data: JSON.stringify({ name: 'n'.repeat(1001) }) }],
  ];
  for (const [name, change] of cases) {
    assert.equal(
      field(() => decodeWorkflow(JSON.stringify({ ...wanted, ...change }))),
      name,
    );
  }
  assert.equal(
    field(() => decodePrepare(JSON.stringify(wanted))),
    'trans_type',
  );
});

test('what would take long to go through is refused by its field', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, '1']));
  assert.equal(
    field(() => decode({ ...saga, ...many(300_000) })),
    'body',
  );
  assert.equal(
    field(() => decode({ ...saga, ...many(1001) })),
    'body',
  );
  assert.equal(
    field(() => decode({ ...saga, steps: [{ ...step, ...many(1001) }] })),
    'steps[0]',
  );
  assert.equal(
    field(() => decode({ ...saga, branch_headers: many(1001) })),
    'branch_headers',
  );
  assert.equal(
    field(() => decode({ ...saga, custom_data: JSON.stringify(many(1001)) })),
    'custom_data',
  );
  assert.equal(
    field(() => decode({ ...saga, custom_data: JSON.stringify(many(300_000)) })),
    'custom_data',
  );
  assert.equal(
    field(() => decodeSubmit(JSON.stringify({ ...saga, trans_type: 'workflow', req_extra: many(1001) }))),
    'req_extra',
  );
  assert.equal(
    field(() => readBranchMap(JSON.stringify({ gid: 'g', trans_type: 'tcc', ...many(1001) }))),
    'body',
  );
  const largest = Array.from({ length: 10_000 }, () => ({ ...step, data: '1' }));
  assert.equal(decode({ ...saga, steps: largest, payloads: largest.map(() => '{}') }).steps.length, 10_000);
});
