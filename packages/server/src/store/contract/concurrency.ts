import assert from 'node:assert/strict';
import type { Store, Write, WriteResult } from '../store.ts';
import {
  aBeat,
  aBranch,
  aProgress,
  append,
  type Case,
  claim,
  commit,
  create,
  found,
  gidsOf,
  numbers,
  put,
  startMs,
  update,
} from './fixtures.ts';
import { type SharedCase, sharedCases } from './shared.ts';

const waiting = (gid: string, owner: string | null = null) =>
  create(gid, { owner, progress: aProgress('submitted', { dueMs: startMs - 1 }) });

/** The same list from both ends: what locks rows one by one would wait for each other. */
const backwards = <Item>(items: readonly Item[]) => [...items].reverse();

type Result = WriteResult | undefined;

/** Both at once, each as one batch; answers in the order of the first. */
async function commitBoth(
  stores: readonly [Store, Store],
  first: readonly Write[],
  second: readonly Write[],
): Promise<[Result, Result][]> {
  const [one, other] = await Promise.all([commit(stores[0], first), commit(stores[1], backwards(second))]);
  return first.map((_, index) => [one[index], other[other.length - 1 - index]]);
}

const sorted = (results: readonly Result[]) => [...results].sort();

/** Two coordinators write and claim at once, each over connections of its own. */
export function testConcurrency(test: Case): void {
  const shared = sharedCases(test);
  testClaimers(shared);
  testWriters(shared);
  testAppenders(shared);

  shared('two at once: a record is written by one of them', async (store, beside) => {
    for (const version of numbers(10)) {
      const written = await Promise.all(
        [store, beside].map((one, index) => one.putValue('topics', 'orders', `by ${index}`, version, startMs)),
      );
      assert.deepEqual(written.sort(), [false, true]);
    }
    assert.equal((await store.getValue('topics', 'orders'))?.version, 10);
  });

  shared('two at once: an alert is taken by one of them', async (store, beside) => {
    const incident = 'failing: action of branch 01';
    await put(
      store,
      ...numbers(40).map((index) => create(`g${index}`, { progress: aProgress('submitted', { incident }) })),
    );
    const request = { nowMs: startMs, firstRetryMs: 60_000, longestRetryMs: 3_600_000, limit: 15 };
    const rounds = await Promise.all(numbers(8).map((index) => (index % 2 === 0 ? store : beside).takeAlerts(request)));
    const taken = rounds.flatMap((round) => round.taken.map(({ gid }) => gid));
    for (let round = await store.takeAlerts(request); round.taken.length > 0; round = await store.takeAlerts(request)) {
      taken.push(...round.taken.map(({ gid }) => gid));
    }
    assert.equal(taken.length, 40);
    assert.equal(new Set(taken).size, 40);
  });

  shared('two at once: what was finished is purged once, what sleeps is made due once', async (store, beside) => {
    const finished = numbers(50).map((index) => create(`over-${index}`, { progress: aProgress('succeed') }));
    await put(store, ...finished, ...numbers(50).map((index) => create(`sleeps-${index}`)));
    const purged = await Promise.all([store, beside].map((one) => one.purge(startMs + 1, 30)));
    const rest = await store.purge(startMs + 1, 100);
    assert.equal(
      purged.reduce((sum, count) => sum + count, rest),
      50,
    );
    await Promise.all([store, beside].map((one) => one.makeManyDue(startMs, 30, startMs)));
    await store.makeManyDue(startMs, 100, startMs);
    assert.equal((await store.counts(startMs)).due, 50);
    assert.equal(gidsOf((await claim(store, 'a')).claimed).length, 50);
  });
}

function testClaimers(shared: SharedCase): void {
  for (const withoutRowLocks of [false, true]) {
    const how = withoutRowLocks ? ', also without row locks' : '';

    shared(`Q10, Q35, B14: two at once: no row is claimed by both${how}`, async (_, __, another) => {
      const [one, other] = [await another({ withoutRowLocks }), await another({ withoutRowLocks })];
      await one.heartbeat(aBeat('a'));
      await other.heartbeat(aBeat('b'));
      await put(one, ...numbers(150).map((index) => waiting(`due-${index}`)));
      await put(one, ...numbers(150).map((index) => waiting(`left-${index}`, `dead-${index % 3}`)));
      const claimed: string[] = [];
      const claimAll = async (store: Store, by: string) => {
        for (let empty = 0; empty < 3; ) {
          const page = await claim(store, by, { maxCount: 7 });
          for (const { definition, owner, version } of page.claimed) {
            assert.deepEqual([owner, version], [by, 2], definition.gid);
            claimed.push(definition.gid);
          }
          empty = page.claimed.length === 0 ? empty + 1 : 0;
        }
      };
      await Promise.all([claimAll(one, 'a'), claimAll(one, 'a'), claimAll(other, 'b'), claimAll(other, 'b')]);
      assert.equal(claimed.length, 300);
      assert.equal(new Set(claimed).size, 300);
    });

    shared(
      `B16: two at once: a dead owner's write and a claim: one of them gets the row${how}`,
      async (_, __, another) => {
        const [one, other] = [await another({ withoutRowLocks }), await another({ withoutRowLocks })];
        const names = numbers(60).map((index) => `g${index}`);
        await put(one, ...names.map((gid) => waiting(gid, 'dead')));
        const [written, { claimed }] = await Promise.all([
          Promise.all(names.map((gid) => commit(one, [update(gid, { expectOwner: 'dead', owner: 'dead' })]))),
          claim(other, 'b'),
        ]);
        const taken = new Map(claimed.map((row) => [row.definition.gid, row.version]));
        for (const [index, [result]] of written.entries()) {
          const gid = names[index] ?? '';
          const row = await found(one, gid);
          const isOfClaim = taken.has(gid);
          assert.ok(result === 'done' || (result === 'conflict' && isOfClaim), `${gid}: ${result}`);
          assert.equal(row.owner, isOfClaim ? 'b' : 'dead');
          assert.equal(row.version, 1 + (result === 'done' ? 1 : 0) + (isOfClaim ? 1 : 0));
          if (isOfClaim) assert.equal(row.version, taken.get(gid));
        }
      },
    );
  }

  shared(
    'two at once: a heartbeat and a claim from its incarnation: the claim is of a dead one or of nothing',
    async (store, beside) => {
      for (const round of numbers(15)) {
        const incarnation = `a${round}`;
        await store.heartbeat(aBeat(incarnation));
        await put(store, waiting(`g${round}`, incarnation));
        const [, { claimed }] = await Promise.all([
          store.heartbeat(aBeat(incarnation)),
          claim(beside, 'b', { dead: [{ incarnation, count: 1 }] }),
        ]);
        const { owner, version } = await found(store, `g${round}`);
        assert.deepEqual([owner, version], claimed.length === 1 ? ['b', 2] : [incarnation, 1]);
        const again = await claim(beside, 'b', { dead: [{ incarnation, count: 1 }] });
        assert.deepEqual(again.claimed, [], 'after the heartbeat it is alive');
      }
    },
  );
}

function testWriters(shared: SharedCase): void {
  const names = numbers(60).map((index) => `g${index}`);

  shared('two at once: a gid is created by one of them', async (store, beside) => {
    const results = await commitBoth(
      [store, beside],
      names.map((gid) => create(gid, { owner: 'a' })),
      names.map((gid) => create(gid, { owner: 'b' })),
    );
    for (const [index, pair] of results.entries()) {
      assert.deepEqual(sorted(pair), ['done', 'exists'], names[index]);
      const { owner, version } = await found(store, names[index] ?? '');
      assert.deepEqual([owner, version], [pair[0] === 'done' ? 'a' : 'b', 1]);
    }
  });

  shared('two at once: of two updates at one version one is done', async (store, beside) => {
    await put(store, ...names.map((gid) => create(gid)));
    const results = await commitBoth(
      [store, beside],
      names.map((gid) => update(gid, { owner: 'a' })),
      names.map((gid) => update(gid, { owner: 'b' })),
    );
    for (const [index, pair] of results.entries()) {
      assert.deepEqual(sorted(pair), ['conflict', 'done'], names[index]);
      const { owner, version } = await found(store, names[index] ?? '');
      assert.deepEqual([owner, version], [pair[0] === 'done' ? 'a' : 'b', 2]);
    }
  });

  shared('unknown outcome: a batch that is issued again while it is under way is done once', async (store, beside) => {
    const creates = names.map((gid) => create(gid));
    assert.deepEqual([...new Set((await commitBoth([store, beside], creates, creates)).flat())], ['done']);
    const updates = names.map((gid) => update(gid));
    assert.deepEqual([...new Set((await commitBoth([store, beside], updates, updates)).flat())], ['done']);
    for (const row of await store.load(names)) assert.equal(row?.version, 2);
    assert.deepEqual([...new Set(await commit(beside, creates))], ['done'], 'also when it was written over');
  });

  shared(
    'unknown outcome: an update issued again after another node has claimed and written is refused',
    async (store, beside) => {
      await put(store, waiting('lost', 'dead'), waiting('done', 'dead'));
      const done = update('done', { expectOwner: 'dead', owner: 'dead' });
      const lost = update('lost', { expectOwner: 'dead', owner: 'dead' });
      await put(store, done);
      assert.equal((await claim(beside, 'b')).claimed.length, 2);
      await put(beside, update('done', { expectOwner: 'b', expectVersion: 3, owner: 'b' }));
      assert.deepEqual(await store.commit([done, lost]), ['conflict', 'conflict']);
    },
  );
}

function testAppenders(shared: SharedCase): void {
  shared('two at once: a branch is registered by one of them', async (store, beside) => {
    const names = numbers(30).map((index) => `g${index}`);
    await put(store, ...names.map((gid) => create(gid)));
    const appends = () => names.map((gid) => append(gid, [aBranch('01'), aBranch('02')]));
    for (const pair of await commitBoth([store, beside], appends(), appends())) {
      assert.deepEqual(sorted(pair), ['done', 'exists']);
    }
    for (const row of await store.load(names)) assert.equal(row?.branches.length, 2);
  });

  shared(
    'two at once: registrations of one transaction, each of another branch: all are there, in one order',
    async (store, beside) => {
      await put(store, create('g'));
      const ids = numbers(40).map((index) => `${index + 10}`);
      const results = await Promise.all(
        ids.map((id, index) => commit(index % 2 === 0 ? store : beside, [append('g', [aBranch(id)])])),
      );
      assert.deepEqual([...new Set(results.flat())], ['done']);
      const { branches } = await found(store, 'g');
      assert.deepEqual(branches.map(({ branchId }) => branchId).sort(), ids);
      assert.deepEqual((await found(beside, 'g')).branches, branches);
    },
  );

  shared('a registration is done before the move of its transaction, or refused', async (store, beside) => {
    await put(store, create('g'));
    const ids = numbers(60).map((index) => `${index + 10}`);
    const registering = ids.map((id) => commit(store, [append('g', [aBranch(id)])]));
    const [moved] = await commit(beside, [update('g', { progress: aProgress('aborting') })]);
    // Read once the move is durable: what is registered now is all that there will be.
    const { branches } = await found(beside, 'g');
    const results = (await Promise.all(registering)).flat();
    assert.equal(moved, 'done', 'a registration leaves the version alone');
    for (const result of results) assert.ok(result === 'done' || result === 'wrong-status', String(result));
    const done = ids.filter((_, index) => results[index] === 'done');
    assert.deepEqual(branches.map(({ branchId }) => branchId).sort(), done);
  });
}
