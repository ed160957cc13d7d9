import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpDefaults } from './settings.ts';
import { raw, type Started, start, ways } from './testing.ts';

/** Headers of a request over loopback to a server with these settings, and the status of its answer. */
type Case = readonly [headers: readonly string[], status: number, about: string];

const own = 'Host: 127.0.0.1:36789';
const cases: readonly Case[] = [
  [[own], 200, 'what SDKs send'],
  [['Host: localhost'], 200, 'localhost'],
  [['Host: LOCALHOST:36789'], 200, 'whatever its case'],
  [['Host: dtm.localhost'], 200, 'a name below localhost'],
  [['Host: 127.8.9.10:80'], 200, 'another address of the loopback'],
  [['Host: [::1]:36789'], 200, 'the loopback of IPv6'],
  [['Host: '], 200, 'an empty Host, which no browser sends'],
  [['Host: evil.example'], 403, 'a name that leads to loopback'],
  [['Host: evil.example:36789'], 403, 'the same with our port'],
  [['Host: localhost.evil.example'], 403, 'one that begins like ours'],
  [['Host: evillocalhost'], 403, 'one that ends like ours'],
  [['Host: 127.0.0.1.evil.example'], 403, 'one that begins like an address'],
  [['Host: 192.0.2.1:36789'], 403, 'an address elsewhere'],
  [['Host: dtm'], 403, 'a short name'],
  [['Host: localhost, evil.example'], 403, 'a list'],
  [['Host: ops.example.com'], 200, 'the host of a page that is allowed'],
  [['Host: OPS.example.com:443'], 200, 'the same with a port'],
  [[own, 'Origin: http://127.0.0.1:36789'], 200, 'a page of our own, in an older browser'],
  [[own, 'Origin: http://127.0.0.1:8080'], 403, 'a page of another port'],
  [[own, 'Origin: https://evil.example'], 403, 'a page of another site'],
  [[own, 'Origin: null'], 403, 'a page without a site: a file, a sandbox'],
  [[own, 'Origin: '], 403, 'an empty origin'],
  [[own, 'Origin: https://ops.example.com'], 200, 'a page that is allowed'],
  [[own, 'Origin: https://ops.example.com', 'Sec-Fetch-Site: cross-site'], 200, 'the same in a newer browser'],
  [[own, 'Origin: http://ops.example.com'], 403, 'the same without TLS: another origin'],
  [[own, 'Origin: https://ops.example.com.evil.example'], 403, 'one that begins like it'],
  [[own, 'Sec-Fetch-Site: cross-site'], 403, 'an image of another site'],
  [[own, 'Sec-Fetch-Site: same-site'], 403, 'an image of another port'],
  [[own, 'Sec-Fetch-Site: same-origin'], 200, 'a page of our own'],
  [[own, 'Sec-Fetch-Site: none'], 200, 'typed into a browser'],
  [[own, 'Sec-Fetch-Site: '], 403, 'what no browser says'],
  [[own, 'Sec-Fetch-Site: same-origin', 'Origin: https://proxied.example'], 200, 'a proxy put our name into Host'],
  [[own, 'Sec-Fetch-Site: cross-site', 'Origin: http://127.0.0.1:36789'], 403, 'a browser that knows better'],
  [[own, 'Sec-Fetch-Mode: cors'], 200, 'fetch of Node, which marks no site'],
  [
    ['Host: evil.example', 'Sec-Fetch-Site: same-origin', 'Origin: http://evil.example'],
    403,
    'a page at a name that leads to loopback',
  ],
  [[own, 'Host: evil.example'], 400, 'two Hosts'],
  [[own, 'Content-Encoding: gzip'], 415, 'a body that is packed'],
  [[own, 'Content-Encoding: identity'], 200, 'a body that is not'],
];

const body = '{"gid":"g","trans_type":"saga"}';

test('D15: every case is admitted or refused alike by both ways in, on every kind of route', async () => {
  const settings = { ...httpDefaults, allowedOrigins: 'https://ops.example.com, http://localhost:5173' };
  const started = await start({ settings });
  try {
    for (const [headers, status, about] of cases) {
      for (const [method, path] of [
        ['POST', '/api/dtmsvr/submit'],
        ['POST', '/api/json-rpc'],
        ['POST', '/api/dtmsvr/prepareWorkflow'],
        ['GET', '/api/dtmsvr/newGid'],
        ['GET', '/healthz'],
      ] as const) {
        const wanted = method === 'GET' && status === 415 ? 200 : status;
        const answers = [];
        for (const { root } of ways) answers.push(await ask(started, `${method} ${root}${path}`, headers));
        const [first, second] = answers;
        assert.equal(first?.status, wanted, `${method} ${path}: ${about}: ${first?.body}`);
        assert.deepEqual(first, second, `${method} ${path}: ${about}`);
        if (wanted >= 400) assert.equal(started.coordinator.asked.length, 0, 'nothing was asked of the coordinator');
        started.coordinator.asked.length = 0;
      }
    }
  } finally {
    await started.server.close(0);
  }
});

/** What is the same by both ways: not the gid, nor the date. */
async function ask({ port }: Started, request: string, headers: readonly string[]) {
  const sent = request.startsWith('POST') ? bodyOf(request) : '';
  const length = request.startsWith('POST') ? [`Content-Length: ${sent.length}`] : [];
  const text = await raw(
    port,
    [`${request} HTTP/1.1`, ...headers, ...length, 'Connection: close', '', sent].join('\r\n'),
  );
  const [head = '', answered = ''] = text.split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
  const lines = head.split('\r\n').filter((line) => !line.startsWith('Date: '));
  return { status, head: lines.toSorted(), body: answered };
}

function bodyOf(request: string): string {
  if (request.endsWith('json-rpc')) return '{"jsonrpc":"2.0","id":"a","method":"newGid"}';
  return request.endsWith('prepareWorkflow')
    ? body.replace('}', ',"query_prepared":"http://h/w"}').replace('saga', 'workflow')
    : body;
}

test('a refusal comes before the body is read, and is the last answer of its connection', async () => {
  const started = await start();
  try {
    for (const { root } of ways) {
      const head = [`POST ${root}/api/dtmsvr/submit HTTP/1.1`, 'Host: evil.example', 'Content-Length: 1000', '', ''];
      const answer = await raw(started.port, head.join('\r\n'));
      assert.match(answer, /^HTTP\/1\.1 403 .*\r\nConnection: close\r\n.*\{"message":"host: over loopback /s);
      const waits = [...head.slice(0, 3), 'Expect: 100-continue', '', ''].join('\r\n');
      assert.match(await raw(started.port, waits), /^HTTP\/1\.1 403 /, 'and nobody is told to send it');
    }
  } finally {
    await started.server.close(0);
  }
});

test('a page of an allowed site may ask and read, after its browser has asked', async () => {
  const started = await start({ settings: { ...httpDefaults, allowedOrigins: 'https://ops.example.com' } });
  try {
    const url = `${started.base}/api/dtmsvr/newGid`;
    const origin = 'https://ops.example.com';
    const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin, ...asks } });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, POST, DELETE');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'content-type');
    const answer = await fetch(url, { headers: { origin } });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, origin]);
    assert.equal(answer.headers.get('vary'), 'Origin');
    const others = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://evil.example', ...asks } });
    assert.deepEqual([others.status, others.headers.get('access-control-allow-origin')], [403, null]);
  } finally {
    await started.server.close(0);
  }
});

test('the address that is listened on is a Host of ours, since people copy it from the start lines', async () => {
  const started = await start({ settings: { ...httpDefaults, host: '0.0.0.0' } });
  try {
    const get = (host: string) =>
      raw(started.port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(await get(`0.0.0.0:${started.port}`), /^HTTP\/1\.1 200 /);
    assert.match(await get('evil.example'), /^HTTP\/1\.1 403 /, 'it came in over loopback all the same');
  } finally {
    await started.server.close(0);
  }
});
