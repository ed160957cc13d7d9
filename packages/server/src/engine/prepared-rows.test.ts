import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BranchOperation, createTransaction, type Outcome } from '@holdfast/core';
import { PreparedRows } from './prepared-rows.ts';
import { askedMessage, askedTcc, defaults } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const success: Outcome = { kind: 'success' };

function confirmOf(branchId: string, payload = ''): BranchOperation[] {
  return ['cancel', 'confirm'].map((op) => ({ branchId, op, url: `http://b/${branchId}/${op}`, payload }));
}

/** A prepared tcc on a store whose reads of whole rows are counted. */
async function preparedWorld({ exclusive = true } = {}) {
  const world = await new EngineWorld({ exclusive }).start();
  const reads: string[] = [];
  const load = world.store.load.bind(world.store);
  world.store.load = (gids, what) => {
    reads.push(what ?? 'whole');
    return load(gids, what);
  };
  await world.done(world.engine.prepare(askedTcc('g')));
  return { world, reads };
}

async function answerAll(world: EngineWorld): Promise<string[]> {
  const urls: string[] = [];
  while (world.calls.length > 0) urls.push(await world.answer(success));
  return urls;
}

for (const ask of ['submit', 'abort'] as const) {
  test(`a tcc that this node prepared is driven by its ${ask} without a read`, async () => {
    const { world, reads } = await preparedWorld();
    for (const branchId of ['01', '02', '03']) {
      await world.done(world.engine.registerBranch('g', 'tcc', confirmOf(branchId)));
    }
    await world.done(ask === 'submit' ? world.engine.submit(askedTcc('g'), false) : world.engine.abort('g', 'tcc', ''));
    const op = ask === 'submit' ? 'confirm' : 'cancel';
    const told = (await answerAll(world)).toSorted();
    assert.deepEqual(told, [`http://b/01/${op}`, `http://b/02/${op}`, `http://b/03/${op}`]);
    assert.deepEqual(reads, []);
    assert.equal(world.row('g').progress.status, ask === 'submit' ? 'succeed' : 'failed');
  });
}

test('a message that this node prepared is submitted by one write and no read', async () => {
  const { world, reads } = await preparedWorld();
  await world.done(world.engine.prepare(askedMessage('m', 1)));
  await world.done(world.engine.submit(askedMessage('m', 1), false));
  assert.equal(world.row('m').version, 2);
  assert.deepEqual(await answerAll(world), ['http://a/1']);
  assert.deepEqual(reads, []);
});

test('P1: a branch that was acknowledged while the submit waited for the disk is confirmed', async () => {
  const { world } = await preparedWorld();
  const { engine, runtime } = world;
  const commit = world.hold('commit', 'answer');
  const registered = engine.registerBranch('g', 'tcc', confirmOf('01'));
  await runtime.settle();
  const submitted = engine.submit(askedTcc('g'), false);
  const late = engine.registerBranch('g', 'tcc', confirmOf('02'));
  late.catch(() => undefined);
  await runtime.settle();
  commit();
  await world.done(registered);
  await world.done(submitted);
  await assert.rejects(late, { code: 'WRONG_STATUS' });
  assert.deepEqual(await answerAll(world), ['http://b/01/confirm']);
});

test('where others can write, a tcc whose branches all came to this node is driven without a read', async () => {
  const { world, reads } = await preparedWorld({ exclusive: false });
  for (const branchId of ['01', '02']) {
    await world.done(world.engine.registerBranch('g', 'tcc', confirmOf(branchId)));
  }
  await world.done(world.engine.submit(askedTcc('g'), false));
  assert.deepEqual((await answerAll(world)).toSorted(), ['http://b/01/confirm', 'http://b/02/confirm']);
  assert.deepEqual(reads, []);
});

test('P1: a branch that came to another node is read after the move is durable', async () => {
  const { world, reads } = await preparedWorld({ exclusive: false });
  await world.done(world.engine.registerBranch('g', 'tcc', confirmOf('01')));
  const row = world.database.rows.get('g') ?? assert.fail('it is gone');
  world.database.rows.set('g', { ...row, branches: [...row.branches, ...confirmOf('02')] });
  await world.done(world.engine.submit(askedTcc('g'), false));
  assert.deepEqual((await answerAll(world)).toSorted(), ['http://b/01/confirm', 'http://b/02/confirm']);
  assert.deepEqual(reads, ['bare', 'whole']);
});

test('P3: what somebody else has ended stays so, whatever is remembered', async () => {
  for (const exclusive of [true, false]) {
    const { world } = await preparedWorld({ exclusive });
    const row = world.database.rows.get('g') ?? assert.fail('it is gone');
    const progress = { ...row.progress, status: 'failed' as const, finishedMs: 1 };
    world.database.rows.set('g', { ...row, version: 2, progress });
    await assert.rejects(world.done(world.engine.submit(askedTcc('g'), false)), { code: 'WRONG_STATUS' });
    assert.equal(world.row('g').progress.status, 'failed');
    assert.equal(world.calls.length, 0);
  }
});

test('what times out is read by whoever drives it, and then known to nobody else', async () => {
  const { world } = await preparedWorld();
  await world.done(world.engine.registerBranch('g', 'tcc', confirmOf('01')));
  await world.runtime.advance(defaults.timeoutToFailMs + 1);
  assert.deepEqual(await answerAll(world), ['http://b/01/cancel']);
  await assert.rejects(world.done(world.engine.submit(askedTcc('g'), false)), { code: 'WRONG_STATUS' });
});

function aPrepared(gid: string) {
  return createTransaction({ ...askedTcc(gid), createdMs: 1 }, 'prepared', defaults);
}

test('no more is remembered than the limits allow, the oldest is forgotten first', () => {
  const rows = new PreparedRows(true, () => 0);
  for (let index = 0; index < 5000; index += 1) rows.created(aPrepared(`g${index}`));
  assert.equal(rows.get('g903'), undefined);
  assert.ok(rows.get('g904') !== undefined);
  const large = rows.get('g4999');
  rows.appended('g4999', confirmOf('01', 'x'.repeat(1000)), 16 * 1024 * 1024);
  assert.equal(rows.get('g4998'), undefined);
  assert.equal(rows.get('g4999'), undefined, 'it is too large itself');
  assert.equal(rows.allBranches('g4999', large), undefined, 'what comes after is not known');
  rows.created(aPrepared('next'));
  assert.ok(rows.get('next') !== undefined, 'there is room again');
});

test('P6: a gid that another node has ended, purged and given to another transaction is not taken for the old one', async () => {
  const retentionMs = 60_000;
  const world = await new EngineWorld({ exclusive: false, settings: { retentionMs } }).start();
  const other = await new EngineWorld({ beside: world, settings: { retentionMs } }).start();
  await world.done(world.engine.prepare(askedMessage('m', 1)));
  await world.done(other.engine.abort('m', 'msg', ''));
  await world.runtime.advance(retentionMs + 1000);
  await world.done(other.engine.purge());
  await world.done(other.engine.prepare(askedMessage('m', 2)));
  await world.done(world.engine.submit(askedMessage('m', 2), false));
  assert.deepEqual(await answerAll(world), ['http://a/1', 'http://a/2']);
});
