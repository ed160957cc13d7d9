import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { BranchOperation } from '@holdfast/core';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  type Case,
  create,
  found,
  numbers,
  put,
  startMs,
  update,
  write,
} from './fixtures.ts';

const both = (branchId: string): BranchOperation[] => [aBranch(branchId, { op: 'cancel' }), aBranch(branchId)];

/** Registered branches. */
export function testAppends(test: Case): void {
  test('B24: append: branches come back as given, in the order of their registration', async (store) => {
    await put(store, create('g'));
    const first = [aBranch('09'), aBranch('10', { payload: new Uint8Array([0, 255, 7]) })];
    const second = [aBranch('02'), aBranch('1'), aBranch('01', { payload: '' })];
    await put(store, append('g', first));
    await put(store, append('g', second));
    assert.deepEqual((await found(store, 'g')).branches, [...first, ...second]);
  });

  test('append: leaves version, owner, token and progress alone', async (store) => {
    const created = create('g', { owner: 'a' });
    await put(store, created);
    const before = await found(store, 'g');
    await put(store, append('g', both('01')));
    assert.deepEqual(await found(store, 'g'), { ...before, branches: both('01') });
    await put(store, update('g', { expectOwner: 'a', owner: 'a' }));
  });

  test('append: a sign of life makes what has no owner due then, and not before', async (store) => {
    await put(store, create('sleeps', { progress: aProgress('prepared', { dueMs: startMs }) }));
    await put(store, create('owned', { owner: 'a', progress: aProgress('prepared', { dueMs: startMs }) }));
    for (const gid of ['sleeps', 'owned']) {
      const before = await found(store, gid);
      await put(store, append(gid, both('01'), { dueMs: startMs + 10_000 }));
      const dueMs = gid === 'sleeps' ? startMs + 10_000 : startMs;
      const progress = { ...before.progress, dueMs };
      assert.deepEqual(await found(store, gid), { ...before, progress, branches: both('01') });
    }
  });

  test('append: the steps of a workflow, with any op, how they ended and their result', async (store) => {
    await put(store, create('g', { definition: aDefinition('g', { type: 'workflow', steps: [] }) }));
    const steps: BranchOperation[] = [
      { branchId: '01', op: 'any word', url: '', payload: 'cmVz', state: 's' },
      { branchId: '02', op: 'action', url: '', payload: new Uint8Array([0, 1]), state: 'f' },
    ];
    await put(store, append('g', steps, { type: 'workflow' }));
    assert.deepEqual((await found(store, 'g')).branches, steps);
  });

  test('92: append: type and status are checked first, then what exists, then the limits', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', both('01')));
    const again = append('g', both('01'), { maxBranches: 2 });
    assert.equal(await write(store, append('unknown', both('01'))), 'missing');
    const another = { ...again, whileStatus: 'submitted' } as const;
    assert.equal(await write(store, { ...another, type: 'tcc' }), 'wrong-type');
    assert.equal(await write(store, another), 'wrong-status');
    assert.equal(await write(store, again), 'exists');
    assert.equal(await write(store, append('g', both('02'), { maxBranches: 3 })), 'too-many');
    const large = append('g', both('02'), { maxBranches: 4, maxBytes: 100 });
    assert.equal(await write(store, { ...large, maxBranches: 3 }), 'too-many');
    assert.equal(await write(store, large), 'too-large');
    assert.equal(await write(store, append('g', both('02'), { maxBranches: 4 })), 'done');
  });

  test('append: the limit of bytes counts what is stored already', async (store) => {
    await put(store, create('g'));
    const payload = 'x'.repeat(1000);
    const limited = (id: string) => append('g', [aBranch(id, { payload })], { maxBytes: 5000 });
    const results: string[] = [];
    for (const id of ['01', '02', '03', '04', '05']) results.push(await write(store, limited(id)));
    assert.equal(results[0], 'done');
    assert.equal(results[4], 'too-large');
    assert.equal((await found(store, 'g')).branches.length, results.filter((result) => result === 'done').length);
  });

  test('load: bare, a transaction comes without its branches', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', both('01')));
    const [bare, unknown] = await store.load(['g', 'unknown'], 'bare');
    assert.deepEqual([bare, unknown], [{ ...(await found(store, 'g')), branches: [] }, undefined]);
  });

  test('append: issued again it exists, and is not stored twice', async (store) => {
    await put(store, create('g'));
    const lost = append('g', both('01'));
    await put(store, lost);
    assert.equal(await write(store, lost), 'exists');
    assert.equal((await found(store, 'g')).branches.length, 2);
  });

  test('append: all or none', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', [aBranch('03')]));
    const results = await store.commit([append('g', [aBranch('01'), aBranch('02'), aBranch('03'), aBranch('04')])]);
    assert.deepEqual(results, ['exists']);
    assert.equal(await write(store, append('g', [aBranch('05'), aBranch('06')], { maxBranches: 2 })), 'too-many');
    assert.deepEqual((await found(store, 'g')).branches, [aBranch('03')]);
  });

  test('append: the same branch with another op is another one', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', [aBranch('01', { op: 'cancel' })]));
    await put(store, append('g', [aBranch('01', { op: 'confirm' })]));
    assert.equal((await found(store, 'g')).branches.length, 2);
  });

  test('append: branches of one gid are not those of another', async (store) => {
    await put(store, create('g'), create('g1'));
    await put(store, append('g', both('101')), append('g1', both('01')));
    const [one, other] = await store.load(['g', 'g1']);
    assert.deepEqual([one?.branches, other?.branches], [both('101'), both('01')]);
  });

  test('of many appends of one branch one is done', async (store) => {
    await put(store, create('g'));
    const results = await Promise.all(numbers(20).map(() => write(store, append('g', both('01')))));
    assert.equal(results.filter((result) => result === 'done').length, 1);
    assert.equal(results.filter((result) => result === 'exists').length, 19);
  });

  test('a thousand appends race with a move: each one acknowledged is loaded after it', async (store) => {
    for (const moveAt of [100, 500, 900]) {
      const gid = `raced-${moveAt}`;
      await put(store, create(gid));
      const appends: Promise<string | undefined>[] = [];
      let loaded: Promise<readonly BranchOperation[]> = Promise.resolve([]);
      for (const index of numbers(1000)) {
        if (index === moveAt) {
          const move = update(gid, { progress: aProgress('submitted') });
          loaded = put(store, move).then(async () => (await found(store, gid)).branches);
        }
        const branchId = String(index);
        appends.push(
          write(store, append(gid, both(branchId))).then((result) => (result === 'done' ? branchId : undefined)),
        );
        if (index % 7 === 0) await setImmediate();
      }
      const acknowledged = (await Promise.all(appends)).filter((branchId) => branchId !== undefined);
      const branches = await loaded;
      const driven = new Set(branches.map(({ branchId }) => branchId));
      assert.deepEqual(
        acknowledged.filter((branchId) => !driven.has(branchId)),
        [],
      );
      assert.deepEqual((await found(store, gid)).branches, branches, 'and nothing is added after the move');
      assert.equal(branches.length, acknowledged.length * 2);
    }
  });
}
