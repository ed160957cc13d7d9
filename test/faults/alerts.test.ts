import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { DtmClient } from '../e2e/dtm-client.ts';
import { broken, ScriptedService } from '../e2e/scripted-service.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';

const service = new ScriptedService();
const told: string[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    const { gid } = JSON.parse(body);
    told.push(gid);
    response.writeHead(gid === 'refused' ? 400 : 200).end();
  });
});
let receiverPort: number;
let coordinator: Coordinator;
let client: DtmClient;

before(async () => {
  await service.start();
  receiverPort = await freePort();
  const webhook = `http://127.0.0.1:${receiverPort}/hook`;
  coordinator = await startCoordinator({
    settings: { HOLDFAST_ALERT_WEBHOOK_URL: webhook, HOLDFAST_ALERT_AFTER_ERRORS: '1' },
  });
  client = new DtmClient(coordinator.url);
});

after(async () => {
  client.close();
  await coordinator.stop();
  receiver.closeAllConnections();
  receiver.close();
  await service.stop();
});

/** Its branch errs once, or always: an incident. */
async function inNeed(gid: string, errors = 100): Promise<void> {
  const action = service.script(`/${gid}`, ...Array.from({ length: errors }, () => broken));
  const body = { gid, trans_type: 'msg', query_prepared: '', steps: [{ action }], payloads: ['1'] };
  await client.does('submit', body);
  await until(`${gid} needs somebody`, async () => {
    const { text } = await client.http.get(`/api/v1/transactions/${gid}`);
    return JSON.parse(text).incident !== '';
  });
}

test('P7: an alert outlives a dead receiver and kill -9; one that is refused holds back no other', async () => {
  for (const gid of ['refused', 'first', 'second']) await inNeed(gid);
  await inNeed('ends', 1);
  await until('somebody reads of it', () => coordinator.logs.includes('the alert webhook does not accept an alert'));
  await client.retryNow('ends');
  await client.untilStatus('ends', 'succeed');
  await coordinator.restart();
  await new Promise<void>((resolve) => receiver.listen(receiverPort, '127.0.0.1', resolve));
  const times = (gid: string) => told.filter((one) => one === gid).length;
  await until('those that are taken were told', () => times('first') > 0 && times('second') > 0, 60_000);
  await until('the other one is tried too', () => times('refused') > 0, 60_000);
  // What was told stays told: this one is told after the others would be.
  await coordinator.restart();
  await inNeed('last');
  await until('the last was told', () => times('last') === 1, 60_000);
  assert.deepEqual([times('first'), times('second'), times('ends')], [1, 1, 0]);
});
