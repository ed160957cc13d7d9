/** Transactions that are begun over gRPC and whose branches are called over gRPC, all with real clients and servers. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { aborted, later, ScriptedGrpcService, type ScriptedStatus, unknown } from './scripted-grpc-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();
const busi = new ScriptedGrpcService();
before(() => busi.start());
after(() => busi.stop());

/** A method of its own for each test: gids have a dash, which package names may not. */
const urlOf = (gid: string, name: string, ...answers: ScriptedStatus[]) =>
  busi.script(`busi${gid.replaceAll('-', '')}.Busi/${name}`, ...answers);
const callsOf = (gid: string) =>
  busi
    .callsOf(gid)
    .map(({ path }) => path.split('/').at(-1))
    .join(' ');

/** A protobuf message, which is no text. */
const binary = Buffer.from([0x0a, 0x02, 0xff, 0xfe, 0x00, 0x80]);

function saga(gid: string, options: object = {}, more: object = {}) {
  const steps = ['Out', 'In'].map((name) => ({ action: urlOf(gid, name), compensate: urlOf(gid, `${name}Revert`) }));
  const BinPayloads = [binary, Buffer.alloc(0)];
  return { Gid: gid, TransType: 'saga', Steps: JSON.stringify(steps), BinPayloads, TransOptions: options, ...more };
}

test('45: a saga succeeds; payloads and who calls arrive as they should', async () => {
  const { grpc, client } = at();
  const gid = client.newGid();
  await grpc.does('Submit', saga(gid, { WaitResult: true, BranchHeaders: { 'x-h': 'v' } }));
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  const [out, into] = busi.callsOf(gid);
  assert.deepEqual([out?.body, into?.body.length, callsOf(gid)], [binary, 0, 'Out In']);
  const told = ['dtm-gid', 'dtm-trans_type', 'dtm-branch_id', 'dtm-op', 'x-h'].map((key) => out?.metadata.get(key)[0]);
  assert.deepEqual(told, [gid, 'saga', '01', 'action', 'v']);
});

test('45: a saga rolls back, in mirror order', async () => {
  const { grpc, client } = at();
  const gid = client.newGid();
  urlOf(gid, 'In', aborted);
  await grpc.does('Submit', saga(gid));
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
  assert.equal(callsOf(gid), 'Out In InRevert OutRevert');
});

test('45: a step that is ONGOING is asked again', async () => {
  const { grpc, client, clock } = at();
  const gid = client.newGid();
  urlOf(gid, 'Out', later);
  await grpc.call('Submit', saga(gid, { WaitResult: true, RetryInterval: 7 }));
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['submitted', 'PPPP']);
  await clock.advance(7000);
  await client.untilStatus(gid, 'succeed');
  assert.equal(callsOf(gid), 'Out Out In');
});

test('45: an empty URL succeeds without a call, and http URLs are called by HTTP', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const steps = [
    { action: '', compensate: '' },
    { action: service.script(`/${gid}/a`), compensate: '' },
    { action: urlOf(gid, 'Out'), compensate: '' },
  ];
  const BinPayloads = [binary, binary, binary];
  await grpc.does('Submit', saga(gid, { WaitResult: true }, { Steps: JSON.stringify(steps), BinPayloads }));
  assert.equal(await client.statusOf(gid), 'succeed');
  assert.deepEqual([service.callsOf(gid), callsOf(gid)], [[`/${gid}/a`], 'Out']);
});

test('46: ABORTED with a text is ABORTED with that text, and the reason', async () => {
  const { grpc, client } = at();
  const gid = client.newGid();
  urlOf(gid, 'Out', { code: aborted.code, details: 'Insufficient balance: 3 €' });
  const { code, details } = await grpc.call('Submit', saga(gid, { WaitResult: true }));
  assert.deepEqual([code, /Insufficient balance: 3 € FAILURE$/.test(details)], [10, true], details);
  assert.match((await client.query(gid)).transaction.rollback_reason ?? '', /Insufficient balance: 3 €/);
});

test('36: BranchHeaders arrive also on later runs', async () => {
  const { grpc, client, clock } = at();
  const gid = client.newGid();
  urlOf(gid, 'Out', unknown);
  await grpc.call('Submit', saga(gid, { WaitResult: true, RetryInterval: 5, BranchHeaders: { 'x-h': 'v' } }));
  await clock.advance(20_000);
  await client.untilStatus(gid, 'succeed');
  assert.deepEqual(
    busi.callsOf(gid).map(({ metadata }) => metadata.get('x-h')[0]),
    ['v', 'v', 'v'],
  );
});

test('54: a message that is never submitted asks its query method, and is sent or not', async () => {
  const { grpc, client, clock } = at();
  const ends: readonly [ScriptedStatus | undefined, string, string][] = [
    [undefined, 'succeed', 'Query Out'],
    [aborted, 'failed', 'Query'],
  ];
  for (const [answer, ended, calls] of ends) {
    const gid = client.newGid();
    if (answer !== undefined) urlOf(gid, 'Query', answer);
    const Steps = JSON.stringify([{ action: urlOf(gid, 'Out') }]);
    const QueryPrepared = urlOf(gid, 'Query');
    await grpc.does('Prepare', { Gid: gid, TransType: 'msg', Steps, BinPayloads: [binary], QueryPrepared });
    await clock.advance(36_000);
    await client.untilStatus(gid, ended);
    assert.equal(callsOf(gid), calls);
    const query = busi.callsOf(gid)[0];
    assert.deepEqual(
      ['dtm-branch_id', 'dtm-op'].map((key) => query?.metadata.get(key)[0]),
      ['00', 'msg'],
    );
  }
});

test('70: a tcc is confirmed over gRPC, from the last registered to the first', async () => {
  const { grpc, client } = at();
  const gid = client.newGid();
  await grpc.does('Prepare', { Gid: gid, TransType: 'tcc', Steps: 'null' });
  const Data = { confirm: urlOf(gid, 'Confirm'), cancel: urlOf(gid, 'Cancel') };
  for (const BranchID of ['01', '02']) {
    await grpc.does('RegisterBranch', { Gid: gid, TransType: 'tcc', BranchID, Data, BusiPayload: binary });
  }
  await grpc.does('Submit', { Gid: gid, TransType: 'tcc', TransOptions: { WaitResult: true }, Steps: 'null' });
  assert.equal(await client.branchesOf(gid), 'PSPS');
  const calls = busi.callsOf(gid);
  assert.deepEqual(
    calls.map(({ metadata }) => metadata.get('dtm-branch_id')[0]),
    ['02', '01'],
  );
  assert.deepEqual(calls[0]?.body, binary);
});
