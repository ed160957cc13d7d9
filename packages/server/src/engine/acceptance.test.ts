import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BranchOperation, HoldfastError, Outcome } from '@holdfast/core';
import { StoreError } from '../store/store.ts';
import { askedSaga, askedTcc, askedWorkflow } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const success: Outcome = { kind: 'success' };
const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };

function confirmOf(branchId: string, more: Partial<BranchOperation> = {}): BranchOperation[] {
  return ['cancel', 'confirm'].map((op) => ({ branchId, op, url: `http://b/${branchId}/${op}`, payload: '', ...more }));
}

function rollbackOf(branchId: string): BranchOperation[] {
  return ['rollback', 'commit'].map((op) => ({ branchId, op, url: `http://b/${branchId}`, payload: '' }));
}

async function prepared(world: EngineWorld, gid = 'g'): Promise<EngineWorld> {
  await world.start();
  await world.done(world.engine.prepare(askedTcc(gid)));
  return world;
}

test('a submit or an abort wakes what sleeps after an error', async () => {
  for (const ask of ['submit', 'abort'] as const) {
    const world = await prepared(new EngineWorld());
    const { engine } = world;
    await world.done(engine.registerBranch('g', 'tcc', confirmOf('01')));
    const again = () => (ask === 'submit' ? engine.submit(askedTcc('g'), false) : engine.abort('g', 'tcc', ''));
    await world.done(again());
    await world.answer(error);
    assert.equal(world.calls.length, 0, 'it sleeps');
    await world.done(again());
    assert.equal(await world.answer(success), `http://b/01/${ask === 'submit' ? 'confirm' : 'cancel'}`);
  }
});

test('a saga that is submitted again is woken; what prepares again, or an operator’s stop, wakes nobody', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.answer(error);
  await assert.rejects(world.done(engine.prepare(askedSaga('g', 1))), { code: 'WRONG_STATUS' });
  assert.equal(world.calls.length, 0);
  await world.done(engine.submit(askedSaga('g', 1), false));
  assert.equal(await world.answer(error), 'http://a/1');
  await world.done(engine.forceStop('g'));
  assert.equal(world.calls.length, 0);
  assert.equal(world.row('g').progress.status, 'failed');
});

test('whoever waits for the end is told it; who does not, nothing', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  assert.equal(await world.done(engine.submit(askedSaga('quick', 1), false)), undefined);
  await world.answer(success);
  const waiting = engine.submit(askedSaga('slow', 1), true);
  await world.runtime.settle();
  await world.answer(success);
  assert.equal((await waiting)?.transaction.progress.status, 'succeed');
});

test('the stop of an xa names the branches that stay prepared in their databases, once each', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  for (const type of ['xa', 'tcc'] as const) {
    await world.done(engine.prepare({ ...askedTcc(type), type }));
    const branches = type === 'xa' ? [...rollbackOf('01'), ...rollbackOf('02')] : confirmOf('01');
    await world.done(engine.registerBranch(type, type, branches));
  }
  assert.deepEqual(await world.done(engine.forceStop('xa')), ['01', '02']);
  assert.deepEqual(await world.done(engine.forceStop('tcc')), []);
});

test('a registration is refused by what is wrong with it, in these words', async () => {
  const world = await prepared(new EngineWorld());
  const { engine } = world;
  const register = (gid: string, branches: BranchOperation[], type: 'tcc' | 'xa' = 'tcc') =>
    world.done(engine.registerBranch(gid, type, branches));
  await register('g', confirmOf('01'));
  await register('g', confirmOf('01'));
  await assert.rejects(register('unknown', confirmOf('01')), { code: 'NOT_FOUND', field: 'gid' });
  await assert.rejects(register('unknown', confirmOf('01', { url: 'nothing://b' })), {
    code: 'NOT_FOUND',
    field: 'gid',
  });
  await assert.rejects(register('g', confirmOf('01', { url: 'http://other' })), {
    code: 'BRANCH_EXISTS',
    field: 'branch_id',
  });
  await assert.rejects(register('g', confirmOf('01', { payload: 'other' })), { code: 'BRANCH_EXISTS' });
  await assert.rejects(register('g', rollbackOf('02'), 'xa'), { code: 'INVALID_INPUT', field: 'trans_type' });
  await assert.rejects(register('g', confirmOf('02', { url: 'nothing://b' })), {
    code: 'INVALID_INPUT',
    field: 'cancel',
  });
  const large = confirmOf('02', { payload: 'x'.repeat(9 * 1024 * 1024) });
  await assert.rejects(register('g', large), { code: 'TOO_LARGE', field: 'data' });
  const many = Array.from({ length: 10_000 }, (_, index) => confirmOf(`n${index}`)).flat();
  await assert.rejects(register('g', many), { code: 'INVALID_INPUT', field: 'branch_id' });
  await register('g', many.slice(0, -2));
  await world.done(engine.submit(askedTcc('g'), false));
  await assert.rejects(register('g', confirmOf('03')), { code: 'WRONG_STATUS' });
  assert.equal(world.row('g').branches.length, 20_000);
});

test('a step of a workflow puts its callback off by one interval', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime } = world;
  await world.done(engine.prepareWorkflow(askedWorkflow('w')));
  const before = world.row('w').progress.dueMs;
  await runtime.advance(4000);
  const step: BranchOperation = { branchId: '01', op: 'action', url: '', payload: 'result' };
  await world.done(engine.registerBranch('w', 'workflow', [step]));
  const [row] = await world.store.load(['w']);
  assert.equal((row?.progress.dueMs ?? 0) - before, 4000);
  await assert.rejects(world.done(engine.registerBranch('unknown', 'workflow', [step])), { code: 'NOT_FOUND' });
});

test('a step that makes the answer of its workflow too large is refused with the total; others and repeats are not', async () => {
  for (const [protocol, setting, limit] of [
    ['grpc', 'grpc.messageLimitBytes', 20_000],
    ['http', 'http.bodyLimitBytes', 40_000],
  ] as const) {
    const world = await new EngineWorld().start();
    const { engine } = world;
    // What it was asked for with is in no answer.
    const customData = JSON.stringify({ name: 'flow', data: 'i'.repeat(30_000) });
    await world.done(engine.prepareWorkflow({ ...askedWorkflow('w'), protocol, customData }));
    const step = (branchId: string, length: number): BranchOperation => {
      return { branchId, op: 'action', url: '', payload: new Uint8Array(length), state: 's' };
    };
    const register = (branch: BranchOperation) => world.done(engine.registerBranch('w', 'workflow', [branch]));
    const part = Math.floor(limit / 5) - 500;
    for (let index = 1; index <= 5; index += 1) await register(step(`0${index}`, part));
    const total = 1024 + 6 * (2 + 6 + 32) + 5 * part + 2500;
    await assert.rejects(register(step('06', 2500)), (error: HoldfastError) => {
      assert.deepEqual([error.code, error.field], ['TOO_LARGE', 'data']);
      assert.ok(error.message.includes(`take ${total} bytes`) && error.message.includes(setting), error.message);
      return true;
    });
    await register(step('05', part));
    await register(step('07', 100));
    assert.equal(world.row('w').branches.length, 6);
    const ended = await world.done(engine.prepareWorkflow(askedWorkflow('w')));
    assert.equal(ended.branches.length, 6);
  }
});

test('of steps that end at once and fit alone only so many are registered as the answer can hold', async () => {
  const world = await new EngineWorld({ exclusive: false }).start();
  const other = await new EngineWorld({ beside: world }).start();
  await world.done(world.engine.prepareWorkflow({ ...askedWorkflow('w'), protocol: 'grpc' }));
  const registering = Array.from({ length: 8 }, (_, index) => {
    const step = { branchId: `0${index}`, op: 'action', url: '', payload: new Uint8Array(6000), state: 's' } as const;
    const { engine } = index % 2 === 0 ? world : other;
    return engine.registerBranch('w', 'workflow', [step]).then(
      () => 'done',
      ({ code }: HoldfastError) => code,
    );
  });
  const results = await world.done(Promise.all(registering));
  assert.deepEqual(results.toSorted(), [...Array(5).fill('TOO_LARGE'), ...Array(3).fill('done')]);
  assert.equal(world.row('w').branches.length, 3);
});

test('a workflow that is prepared again comes with the steps it has registered', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.prepareWorkflow(askedWorkflow('w')));
  const step: BranchOperation = { branchId: '01', op: 'action', url: '', payload: 'result' };
  await world.done(engine.registerBranch('w', 'workflow', [step]));
  const again = await world.done(engine.prepareWorkflow(askedWorkflow('w')));
  assert.deepEqual(again.branches, [step]);
});

test('what cannot be created is refused, and is no answer about a gid that is stored', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  const broken = { ...askedSaga('g', 1), customData: '{"orders":{"5":[0]}}' };
  await assert.rejects(world.done(engine.submit(broken, false)), {
    code: 'INVALID_INPUT',
    field: 'custom_data.orders',
  });
  assert.equal(world.database.rows.size, 0);
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.answer(success);
  await assert.rejects(world.done(engine.submit(broken, false)), { code: 'WRONG_STATUS' });
});

test('a transaction that is changed by others again and again is answered with: try again', async () => {
  const world = await prepared(new EngineWorld());
  const { database, engine } = world;
  const raise = () => {
    const row = database.rows.get('g') ?? assert.fail('it is gone');
    database.rows.set('g', { ...row, version: row.version + 1 });
  };
  const load = world.store.load.bind(world.store);
  world.store.load = async (...asked) => {
    const rows = await load(...asked);
    raise();
    return rows;
  };
  raise();
  await assert.rejects(world.done(engine.submit(askedTcc('g'), false)), { code: 'UNAVAILABLE', retryAfterMs: 500 });
});

test('while the store cannot be read who asks is told so, and may come back', async () => {
  const world = await prepared(new EngineWorld());
  // Somebody else has changed it: what was known of it is old.
  const row = world.database.rows.get('g') ?? assert.fail('it is gone');
  world.database.rows.set('g', { ...row, version: 2 });
  world.failing.set('read', new StoreError('not-done', 'away'));
  await assert.rejects(world.done(world.engine.abort('g', 'tcc', '')), { code: 'UNAVAILABLE', retryAfterMs: 1000 });
  world.failing.clear();
  await world.done(world.engine.abort('g', 'tcc', ''));
  assert.equal(world.row('g').progress.status, 'failed');
});

test('P6: what gRPC could never name is refused whole, by its field; over HTTP it is fine', async () => {
  const world = await prepared(new EngineWorld(), '\u8ba2\u5355');
  const { engine } = world;
  const grpcUrl = 'localhost:1/a.B/C';
  const step = { branchId: '01', action: grpcUrl, compensate: '', payload: '' };
  for (const gid of ['\u8ba2\u53552', 'caf\u00e9', ' g', 'g ']) {
    const asked = { ...askedSaga(gid, 1), protocol: 'grpc' };
    const refused = { code: 'INVALID_INPUT', message: /^gid: must be printable ASCII/ };
    await assert.rejects(world.done(engine.submit({ ...asked, steps: [step] }, false)), refused);
    const compensated = { ...step, action: 'http://a/1', compensate: grpcUrl };
    await assert.rejects(world.done(engine.submit({ ...asked, steps: [compensated] }, false)), refused);
    const message = { ...asked, type: 'msg' as const, queryPrepared: grpcUrl };
    await assert.rejects(world.done(engine.prepare(message)), refused);
    assert.equal(await world.done(engine.query(gid)), undefined);
  }
  const named = {
    ...askedWorkflow('w'),
    protocol: 'grpc',
    queryPrepared: grpcUrl,
    customData: '{"name":"\u8f6c\u8d26"}',
  };
  await assert.rejects(world.done(engine.prepareWorkflow(named)), { message: /^custom_data.name: must be/ });
  await world.done(engine.submit({ ...askedSaga('\u8ba2\u53553', 1), protocol: 'grpc' }, false));
  // Its branches are not known yet, and over gRPC they are called by gRPC.
  const early = world.done(engine.prepare({ ...askedTcc('\u8ba2\u53554'), protocol: 'grpc' }));
  await assert.rejects(early, { message: /^gid: must be printable ASCII/ });
  // With another protocol it depends on the URLs that are registered.
  await world.done(engine.prepare({ ...askedTcc('\u8ba2\u53554'), protocol: 'json-rpc' }));
  const branches = (branchId: string) => confirmOf(branchId, { url: grpcUrl });
  const register = (gid: string, branchId: string) => world.done(engine.registerBranch(gid, 'tcc', branches(branchId)));
  await assert.rejects(register('\u8ba2\u53554', '01'), { message: /^gid: must be printable ASCII/ });
  await world.done(engine.prepare({ ...askedTcc('ascii'), protocol: 'grpc' }));
  await assert.rejects(register('ascii', '\u4e00'), { message: /^branch_id: must be printable ASCII/ });
  await register('ascii', '01');
  await world.done(engine.registerBranch('\u8ba2\u5355', 'tcc', confirmOf('01')));
});
