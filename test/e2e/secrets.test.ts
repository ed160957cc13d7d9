/** What a URL holds beside host and path is for the service alone: nothing that the coordinator says has it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startCoordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';

const user = 'planteduser';
const password = 'plantedpassword';
const query = 'plantedquery';
/** Nothing may show these; the query may stand in the URL of a definition. */
const never = /plantedu|plantedp|cGxhbnRlZH/;
const planted = /planted|cGxhbnRlZH/;

/** Answers by its path, and keeps what it was asked and told. */
async function service() {
  const asked: { readonly path: string; readonly authorization: string; readonly body: string }[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = request.url ?? '';
    asked.push({ path, authorization: request.headers.authorization ?? '', body });
    if (path.startsWith('/refuses')) response.writeHead(409).end('FAILURE');
    else if (path.startsWith('/breaks')) response.writeHead(500).end(`broken: ${path}`);
    else if (path.startsWith('/hangs')) return;
    else if (path.startsWith('/moves')) response.writeHead(307, { location: `${dead}&moved` }).end();
    else if (path.startsWith('/rpc')) {
      response.end('{"jsonrpc":"2.0","id":"1","error":{"code":-32901,"message":"FAILURE"}}');
    } else response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, server, at: (path: string) => `http://${user}:${password}@127.0.0.1:${port}${path}?key=${query}` };
}

const dead = `http://${user}:${password}@127.0.0.1:${await freePort()}/dead?key=${query}`;

test('D11: user, password and query of a URL reach the service, and stand in no text, alert, metric or log line', async (t) => {
  const { asked, server, at } = await service();
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const coordinator = await startCoordinator({
    settings: {
      HOLDFAST_LOG_LEVEL: 'debug',
      HOLDFAST_ALERT_WEBHOOK_URL: at('/alert'),
      HOLDFAST_ALERT_AFTER_ERRORS: '1',
      HOLDFAST_RETRY_INTERVAL_MS: '1000',
    },
  });
  t.after(() => coordinator.stop());
  const answers: string[] = [];
  const post = async (route: string, body: object) => {
    const response = await fetch(`${coordinator.url}/api/${route}`, { method: 'POST', body: JSON.stringify(body) });
    const text = await response.text();
    // It answers with the definition, as dtm does; so do query and all.
    if (route !== 'dtmsvr/prepareWorkflow') answers.push(text);
    return response.status;
  };
  const submit = (body: object) => post('dtmsvr/submit', { wait_result: true, retry_limit: 0, ...body });
  const steps = (action: string) => ({ steps: [{ action, compensate: '' }], payloads: ['{}'] });

  assert.equal(await submit({ gid: 'http', trans_type: 'saga', ...steps(at('/refuses')) }), 409);
  const rpc = `${at('/rpc')}&method=Pay`;
  assert.equal(await submit({ gid: 'rpc', trans_type: 'saga', protocol: 'json-rpc', ...steps(rpc) }), 409);
  for (const [gid, action] of [
    ['breaks', at('/breaks')],
    ['moves', at('/moves')],
    ['dead', dead],
  ] as const) {
    await submit({ gid, trans_type: 'saga', ...steps(action) });
  }
  const message = { gid: 'message', trans_type: 'msg', query_prepared: at('/refuses'), timeout_to_fail: 1 };
  assert.equal(await post('dtmsvr/prepare', { ...message, ...steps(at('/fine')) }), 200);
  const workflow = { gid: 'workflow', trans_type: 'workflow', query_prepared: at('/breaks') };
  assert.equal(await post('dtmsvr/prepareWorkflow', { ...workflow, retry_interval: 1 }), 200);
  const topic = new URLSearchParams({ topic: 'orders', url: at('/refuses'), remark: '' });
  assert.equal((await fetch(`${coordinator.url}/api/dtmsvr/subscribe?${topic}`)).status, 200);
  await submit({ gid: 'topic', trans_type: 'msg', ...steps('topic://orders') });
  assert.equal(await post('dtmsvr/prepare', { gid: 'tcc', trans_type: 'tcc' }), 200);
  const branch = { gid: 'tcc', trans_type: 'tcc', branch_id: '01', confirm: at('/breaks'), cancel: at('/breaks') };
  assert.equal(await post('dtmsvr/registerBranch', branch), 200);
  await post('dtmsvr/submit', { gid: 'tcc', trans_type: 'tcc', wait_result: true });
  // What cannot be called is refused without its text.
  const grpc = `${user}:${password}@127.0.0.1:1/p.S/M`;
  assert.equal(await submit({ gid: 'grpc', trans_type: 'saga', protocol: 'grpc', ...steps(grpc) }), 400);

  const gids = ['http', 'rpc', 'breaks', 'moves', 'dead', 'message', 'workflow', 'topic', 'tcc'];
  await until('the message is rolled back', async () => {
    const response = await fetch(`${coordinator.url}/api/dtmsvr/query?gid=message`);
    const { transaction } = (await response.json()) as { transaction: { status: string; rollback_reason: string } };
    if (transaction.status !== 'failed') return false;
    assert.doesNotMatch(transaction.rollback_reason, planted);
    assert.match(transaction.rollback_reason, /\/refuses\?\.\.\. return failed/);
    return true;
  });
  const alertsOf = () => asked.filter(({ path }) => path.startsWith('/alert'));
  await until('all who need somebody have told so', () => {
    const told = alertsOf().map(({ body }) => String(JSON.parse(body).gid));
    return ['breaks', 'moves', 'dead', 'workflow', 'topic', 'tcc'].every((gid) => told.includes(gid));
  });

  // The service, and the webhook, were given both.
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  for (const { path, authorization } of asked) {
    assert.ok(path.includes(`?key=${query}`), path);
    assert.equal(authorization, basic, path);
  }
  for (const path of ['/refuses', '/rpc', '/breaks', '/moves', '/alert']) {
    assert.ok(
      asked.some((one) => one.path.startsWith(path)),
      path,
    );
  }

  for (const answer of answers) assert.doesNotMatch(answer, planted);
  assert.ok(answers.some((answer) => answer.includes('/refuses?... return failed')));
  for (const { body } of alertsOf()) assert.doesNotMatch(body, planted);
  assert.ok(alertsOf().some(({ body }) => JSON.parse(body).branch.endsWith('/breaks?...')));
  assert.doesNotMatch(await (await fetch(`${coordinator.url}/api/metrics`)).text(), planted);
  const show = async (gid: string) => {
    const shown = await (await fetch(`${coordinator.url}/api/v1/transactions/${gid}`)).text();
    assert.doesNotMatch(shown, never, gid);
    return shown;
  };
  // A call that is out, and after a stop the branch that nobody told.
  const two = {
    steps: [
      { action: at('/fine'), compensate: at('/fine') },
      { action: at('/hangs'), compensate: '' },
    ],
  };
  await post('dtmsvr/submit', {
    gid: 'hangs',
    trans_type: 'saga',
    ...two,
    payloads: ['{}', '{}'],
    request_timeout: 60,
  });
  await until('its call is out', async () => JSON.parse(await show('hangs')).inFlight[0]?.url.includes('/hangs?'));
  assert.match((await coordinator.command('show', 'hangs')).stdout, /\/hangs\?/);
  await post('dtmsvr/forceStop', { gid: 'hangs' });
  assert.match(JSON.parse(await show('hangs')).untold[0].url, /\/fine\?/);
  gids.push('hangs');
  for (const gid of gids) {
    const shown = await show(gid);
    assert.match(shown, /"gid"/);
    const texts = JSON.stringify(JSON.parse(shown, (key, value) => (/^(url|queryPrepared)$/.test(key) ? '' : value)));
    assert.doesNotMatch(texts, planted, gid);
  }
  assert.doesNotMatch(await (await fetch(`${coordinator.url}/api/v1/transactions`)).text(), planted);
  for (const args of [...gids.map((gid) => ['show', gid]), ['list'], ['topics'], ['topics', 'list', '--json']]) {
    const { stdout, stderr } = await coordinator.command(...args);
    assert.doesNotMatch(stdout + stderr, never, args.join(' '));
  }
  await coordinator.kill('SIGTERM');
  assert.match(coordinator.logs, /branch called/);
  assert.doesNotMatch(coordinator.logs, planted);
});
