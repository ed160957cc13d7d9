/** kill -9 of the coordinator while sagas come over gRPC and their branches are called over gRPC, with bytes as payloads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DtmClient } from '../e2e/dtm-client.ts';
import { GrpcClient } from '../e2e/grpc-client.ts';
import { aborted, ScriptedGrpcService } from '../e2e/scripted-grpc-service.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { until } from '../lib/until.ts';

const rounds = 4;
const clients = 12;
const sagasEach = 8;

test(`${rounds} times under load: what was acknowledged ends, in its order, with its bytes`, {
  timeout: 120_000,
}, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const random = new Random(seed);
  const bank = new ScriptedGrpcService();
  await bank.start();
  const coordinator = await startCoordinator({ settings: { HOLDFAST_RETRY_INTERVAL_MS: '1000' } });
  const acknowledged: string[] = [];
  const unclear: string[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const grpc = new GrpcClient(coordinator.grpcAddress);
      const callsBefore = bank.arrived.length;
      const submitting = Array.from({ length: clients }, async (_, client) => {
        for (let count = 0; count < sagasEach; count += 1) {
          // Every third is refused by its second service.
          const gid = `r${round}c${client}n${count}${(client + count) % 3 === 0 ? 'refused' : ''}`;
          const { code } = await grpc.call('Submit', saga(bank, gid));
          (code === 0 ? acknowledged : unclear).push(gid);
          if (code !== 0) return;
        }
      });
      const moment = random.whole(20, clients * sagasEach);
      await until('so many calls have come', () => bank.arrived.length - callsBefore >= moment);
      await coordinator.kill();
      await Promise.all(submitting);
      grpc.close();
      await coordinator.start();
    }
    const client = new DtmClient(coordinator.url);
    for (const gid of acknowledged) await client.untilStatus(gid, endOf(gid), 60_000);
    for (const gid of [...acknowledged, ...unclear]) checkCalls(bank, gid);
    t.diagnostic(`${acknowledged.length} acknowledged, ${unclear.length} not, ${bank.arrived.length} calls`);
    assert.ok(acknowledged.length > 0 && unclear.length > 0, 'some of both');
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    await coordinator.stop();
    bank.stop();
  }
});

const endOf = (gid: string) => (gid.endsWith('refused') ? 'failed' : 'succeed');
/** No text, and another for every saga. */
const payloadOf = (gid: string) => Buffer.concat([Buffer.from([0xff, 0x00, 0xfe]), Buffer.from(gid)]);

function saga(bank: ScriptedGrpcService, gid: string): object {
  // A call that is made again is refused again.
  const refusals = gid.endsWith('refused') ? Array.from({ length: 20 }, () => aborted) : [];
  const steps = [
    { action: bank.script(`${gid}.Bank/Out`), compensate: bank.script(`${gid}.Bank/OutRevert`) },
    { action: bank.script(`${gid}.Bank/In`, ...refusals), compensate: bank.script(`${gid}.Bank/InRevert`) },
  ];
  const payload = payloadOf(gid);
  return { Gid: gid, TransType: 'saga', Steps: JSON.stringify(steps), BinPayloads: [payload, payload] };
}

const order = ['Out', 'In', 'InRevert', 'OutRevert'];

/** Calls may come again, after a kill; none comes before what it follows, and each has the same identity and bytes. */
function checkCalls(bank: ScriptedGrpcService, gid: string): void {
  const calls = bank.callsOf(gid);
  let furthest = 0;
  for (const { path, metadata, body } of calls) {
    const step = order.indexOf(path.split('/').at(-1) ?? '');
    assert.ok(step <= furthest, `${gid}: ${path} came too soon`);
    if (step === furthest) furthest += 1;
    const told = ['dtm-branch_id', 'dtm-op'].map((key) => metadata.get(key)[0]);
    const branch = step === 0 || step === 3 ? '01' : '02';
    assert.deepEqual(told, [branch, step < 2 ? 'action' : 'compensate']);
    assert.deepEqual(body, payloadOf(gid));
  }
  if (!gid.endsWith('refused')) assert.ok(furthest <= 2, `${gid} was compensated`);
}
