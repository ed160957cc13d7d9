import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';
import { DtmClient } from './dtm-client.ts';
import { ScriptedService } from './scripted-service.ts';

const service = new ScriptedService();
let dev: Coordinator;
let client: DtmClient;

before(async () => {
  await service.start();
  dev = await startCoordinator({ command: 'dev' });
  client = new DtmClient(dev.url);
});

after(async () => {
  client.close();
  await dev.stop();
  await service.stop();
});

const misspelt = (gid: string) => ({
  gid,
  trans_type: 'saga',
  timeout: 60,
  steps: [{ action: service.url, compensation: service.url }],
  payloads: ['{}'],
});
const text = 'timeout (did you mean timeout_to_fail?), steps[].compensation (did you mean compensate?)';

const warningsOf = (fields: string) => dev.logs.split('\n').filter((line) => line.includes(fields)).length;

test('a misspelt key is accepted, and told to whoever develops, in the log once, in show and by a metric', async () => {
  const gid = client.newGid();
  for (const one of [gid, client.newGid()]) {
    const { status, text: body, warning } = await client.post('submit', misspelt(one));
    assert.deepEqual([status, body], [200, '{"dtm_result":"SUCCESS"}']);
    assert.equal(warning, `299 holdfast "unknown fields: ${text}"`);
  }
  await until('it is logged', () => warningsOf(text) > 0);
  assert.equal(warningsOf(text), 1, 'once for each shape');
  const shown = JSON.parse((await client.http.get(`/api/v1/transactions/${gid}`)).text);
  assert.deepEqual(shown.unknownFields, [
    { name: 'timeout', didYouMean: 'timeout_to_fail' },
    { name: 'steps[].compensation', didYouMean: 'compensate' },
  ]);
  const { stdout } = await dev.command('show', gid);
  assert.ok(stdout.includes(`unknown fields, ignored: ${text}`), stdout);
  assert.match(stdout, /01 +compensate .*no compensation\n/);
  const { text: metrics } = await client.http.get('/api/metrics');
  assert.match(metrics, /holdfast_unknown_fields_total\{type="http",api="submit"\} 2/);
});

test('the same over JSON-RPC', async () => {
  const params = { ...misspelt(client.newGid()), protocol: 'json-rpc' };
  const request = { jsonrpc: '2.0', id: '1', method: 'submit', params };
  const { text: body, warning } = await client.http.post('/api/json-rpc', request);
  assert.equal(JSON.parse(body).error, null);
  assert.match(String(warning), /compensation/);
  await until('it is logged for this route too', () => warningsOf(text) === 2);
});

test('what means nothing to anybody is told of at a branch as well; what is known is not', async () => {
  const gid = client.newGid();
  const { warning } = await client.post('prepare', { gid, trans_type: 'tcc' });
  assert.equal(warning, undefined);
  const branch = { gid, trans_type: 'tcc', branch_id: '01', data: '', confirm: service.url, cancle: service.url };
  const registered = await client.post('registerBranch', branch);
  assert.equal(registered.warning, '299 holdfast "unknown fields: cancle (did you mean cancel?)"');
});
