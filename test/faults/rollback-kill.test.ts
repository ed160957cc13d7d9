/** kill -9 after a rollback was acknowledged: it is kept, and so is the time that an operator's decision gives. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DtmClient } from '../e2e/dtm-client.ts';
import { ManualClock, minute } from '../e2e/manual-clock.ts';
import { ScriptedService, short } from '../e2e/scripted-service.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';

const service = new ScriptedService();
let coordinator: Coordinator;

before(async () => {
  await service.start();
  coordinator = await startCoordinator({ command: 'dev' });
});

after(async () => {
  await coordinator.stop();
  await service.stop();
});

const calls = (gid: string) => short(service.callsOf(gid));

/** A saga of two steps whose second action is out, and whose rollback was acknowledged; then the process is gone. */
async function rolledBackAndKilled(
  gid: string,
  doNotWait: boolean,
): Promise<{ client: DtmClient; clock: ManualClock }> {
  const first = new DtmClient(coordinator.url);
  const clock = new ManualClock(first.http);
  const urlOf = (name: string) => `${service.url}/${gid}/${name}`;
  await clock.delay(urlOf('a2'), 1000 * minute);
  const steps = [1, 2].map((step) => ({ action: urlOf(`a${step}`), compensate: urlOf(`c${step}`) }));
  await first.does('submit', { gid, trans_type: 'saga', steps, payloads: ['1', '1'], request_timeout: 3600 });
  await clock.settle();
  assert.equal(calls(gid), 'a1 a2');
  const { status } = await first.http.post(`/api/v1/transactions/${gid}/rollback`, { reason: 'withdrawn', doNotWait });
  await coordinator.kill();
  assert.equal(status, 200);
  assert.equal(calls(gid), 'a1 a2', 'nothing is compensated while the action is out');
  first.close();
  await coordinator.start();
  const client = new DtmClient(coordinator.url);
  return { client, clock: new ManualClock(client.http) };
}

test('what was acknowledged is rolled back after the restart: the call that was out died with its caller', async () => {
  const { client, clock } = await rolledBackAndKilled('waiting', false);
  await clock.settle();
  await client.untilStatus('waiting', 'failed');
  assert.equal(calls('waiting'), 'a1 a2 c2 c1');
  assert.equal((await client.query('waiting')).transaction.rollback_reason, 'withdrawn');
  client.close();
});

test('do not wait: after the restart nothing is out either, and it is compensated at once', async () => {
  const { client, clock } = await rolledBackAndKilled('impatient', true);
  await clock.settle();
  await client.untilStatus('impatient', 'failed');
  assert.equal(calls('impatient'), 'a1 a2 c2 c1');
  client.close();
});
