import assert from 'node:assert/strict';
import type { NodeBeat } from '../nodes.ts';
import {
  aBeat,
  aBranch,
  aProgress,
  append,
  type Case,
  claim,
  create,
  found,
  gidsOf,
  numbers,
  put,
  startMs,
  update,
} from './fixtures.ts';
import { sharedCases } from './shared.ts';

const waiting = (gid: string, dueMs: number, owner: string | null = null) =>
  create(gid, { owner, progress: aProgress('submitted', { dueMs }) });

const byIncarnation = (nodes: readonly NodeBeat[]) =>
  [...nodes].sort((one, other) => (one.incarnation < other.incarnation ? -1 : 1));

/** Heartbeats, who is dead, and what has changed: how coordinators on one store know of each other. */
export function testNodes(test: Case): void {
  const shared = sharedCases(test);

  shared(
    'heartbeat: what an incarnation says of itself is heard by all, with its start, its time and its count',
    async (store, beside) => {
      const first = await store.heartbeat(aBeat('a', { node: 'host-1:36789 "ä"', version: '1.0.0-rc.1' }));
      assert.equal(first.nodes.length, 1);
      await beside.heartbeat(aBeat('b', { isDraining: true }));
      const { clockMs, nodes } = await store.heartbeat(aBeat('a', { version: '1.0.0', isDraining: true }));
      const [a, b, ...others] = byIncarnation(nodes);
      assert.ok(a !== undefined && b !== undefined && others.length === 0);
      const { startedMs, beatMs } = a;
      const said = aBeat('a', { version: '1.0.0', isDraining: true });
      assert.deepEqual(a, { ...said, format: store.format, startedMs, beatMs, count: 2, isDrainAsked: false });
      assert.ok(startedMs <= b.startedMs && b.beatMs <= beatMs && beatMs <= clockMs, 'the clock of the server');
      assert.equal(first.nodes[0]?.startedMs, startedMs, 'the start stays');
      assert.equal(first.nodes[0]?.format, store.format);
      assert.equal(first.nodes[0]?.node, 'host-1:36789 "ä"');
      assert.deepEqual(b, {
        ...aBeat('b', { isDraining: true }),
        format: beside.format,
        startedMs: b.startedMs,
        beatMs: b.startedMs,
        count: 1,
        isDrainAsked: false,
      });
      for (const time of [clockMs, startedMs, beatMs]) assert.ok(Number.isInteger(time) && time > 1_500_000_000_000);
    },
  );

  shared('heartbeat: many at once, from two connections: each counts', async (store, beside) => {
    const names = numbers(12).map((index) => `incarnation-${index}`);
    for (const _ of numbers(3)) {
      await Promise.all(names.map((name, index) => (index % 2 === 0 ? store : beside).heartbeat(aBeat(name))));
    }
    await Promise.all(names.map((name, index) => (index % 2 === 0 ? beside : store).heartbeat(aBeat(name))));
    const { nodes } = await store.heartbeat(aBeat('listener'));
    const counts = nodes.map(({ incarnation, count }) => [incarnation, count]);
    assert.deepEqual(
      new Map(counts as [string, number][]),
      new Map([...names.map((name): [string, number] => [name, 4]), ['listener', 1]]),
    );
  });

  shared('heartbeat: one process of the server has one name and one clock, whoever asks', async (store, beside) => {
    const first = await store.heartbeat(aBeat('a'));
    const second = await beside.heartbeat(aBeat('b'));
    assert.equal(second.server, first.server);
    assert.ok(first.server !== '');
    assert.ok(first.clockMs <= second.clockMs);
    const clockMs = await store.clockMs();
    assert.ok(second.clockMs <= clockMs && clockMs - second.clockMs < 10_000);
  });

  shared('heartbeat: when the next one without owner is due', async (store) => {
    assert.equal((await store.heartbeat(aBeat('a'))).nextDueMs, undefined);
    await put(
      store,
      waiting('owned', startMs - 10, 'a'),
      create('over', { progress: aProgress('failed', { dueMs: startMs - 5 }) }),
      waiting('later', startMs + 2),
      waiting('next', startMs + 1),
    );
    assert.equal((await store.heartbeat(aBeat('a'))).nextDueMs, startMs + 1);
    await claim(store, 'a', { nowMs: startMs + 1 });
    assert.equal((await store.heartbeat(aBeat('a'))).nextDueMs, startMs + 2);
    await put(store, update('owned', { expectOwner: 'a', owner: null }));
    assert.equal((await store.heartbeat(aBeat('a'))).nextDueMs, startMs + 2, 'it was handed back with a later time');
  });

  shared(
    'claim: what another node keeps ten seconds after it is due is found by the next heartbeat',
    async (store, beside) => {
      await store.heartbeat(aBeat('a'));
      const nowMs = await store.clockMs();
      assert.deepEqual((await claim(store, 'a', { nowMs })).claimed, []);
      await store.heartbeat(aBeat('a'));
      await put(beside, waiting('late', nowMs - 10_000));
      assert.equal((await store.heartbeat(aBeat('a'))).nextDueMs, nowMs - 10_000);
      assert.deepEqual(gidsOf((await claim(store, 'a', { nowMs })).claimed), ['late']);
    },
  );

  shared(
    'Q10: claim: an owner with a heartbeat is dead only where it was judged so, at the count it has',
    async (store) => {
      await store.heartbeat(aBeat('a'));
      await put(store, waiting('g', startMs - 1, 'a'));
      assert.deepEqual((await claim(store, 'b')).claimed, []);
      await store.heartbeat(aBeat('a'));
      const late = [{ incarnation: 'a', count: 1 }];
      assert.deepEqual((await claim(store, 'b', { dead: late })).claimed, [], 'it has sent a heartbeat since');
      const wrong = [
        { incarnation: 'a', count: 3 },
        { incarnation: 'A', count: 2 },
      ];
      assert.deepEqual((await claim(store, 'b', { dead: wrong })).claimed, []);
      assert.equal((await found(store, 'g')).version, 1);
      const dead = [...wrong, { incarnation: 'a', count: 2 }];
      assert.deepEqual(gidsOf((await claim(store, 'b', { dead })).claimed), ['g']);
    },
  );

  shared('claim: several dead owners at once, and never from oneself', async (store) => {
    for (const incarnation of ['a', 'b', 'c', 'me']) await store.heartbeat(aBeat(incarnation));
    await put(store, ...['a', 'b', 'c', 'me'].map((owner) => waiting(`of-${owner}`, startMs + 1000, owner)));
    const dead = ['a', 'c', 'me'].map((incarnation) => ({ incarnation, count: 1 }));
    const { claimed } = await claim(store, 'me', { dead });
    assert.deepEqual(gidsOf(claimed).sort(), ['of-a', 'of-c']);
    assert.deepEqual([...new Set(claimed.map(({ handedBack }) => handedBack))], [false]);
  });

  shared("claim: what is owned without a heartbeat is a dead owner's, and comes first", async (store) => {
    await store.heartbeat(aBeat('a'));
    await put(
      store,
      waiting('due', startMs - 5),
      waiting('left', startMs + 99_999, 'nobody'),
      waiting('as', startMs, 'a'),
    );
    assert.deepEqual(gidsOf((await claim(store, 'b')).claimed), ['left', 'due']);
  });

  shared('claim: the dead under the limits, and some left: look again now', async (store) => {
    await store.heartbeat(aBeat('a'));
    await put(store, ...numbers(5).map((index) => waiting(`g${index}`, startMs + 50_000, 'a')));
    const dead = [{ incarnation: 'a', count: 1 }];
    const first = await claim(store, 'b', { dead, maxCount: 3 });
    assert.equal(first.claimed.length, 3);
    assert.ok(first.nextDueMs !== undefined && first.nextDueMs <= startMs);
    const rest = await claim(store, 'b', { dead, maxCount: 3 });
    assert.equal(new Set(gidsOf([...first.claimed, ...rest.claimed])).size, 5);
    assert.equal(rest.nextDueMs, undefined);
  });

  shared("retire: the heartbeat is gone, and what it owned is a dead owner's", async (store, beside) => {
    await store.heartbeat(aBeat('a'));
    await put(store, waiting('g', startMs + 1000, 'a'));
    await store.retire('a');
    await store.retire('a');
    assert.deepEqual(
      (await beside.heartbeat(aBeat('b'))).nodes.map(({ incarnation }) => incarnation),
      ['b'],
    );
    assert.deepEqual(gidsOf((await claim(beside, 'b')).claimed), ['g']);
    const { nodes } = await store.heartbeat(aBeat('a'));
    assert.equal(nodes.find(({ incarnation }) => incarnation === 'a')?.count, 1, 'a late one begins anew');
  });

  shared("retire: a dead one's, unless there has been another heartbeat", async (store, beside) => {
    for (const _ of numbers(2)) await store.heartbeat(aBeat('a'));
    const others = async () => (await beside.heartbeat(aBeat('b'))).nodes.length - 1;
    await beside.retire('a', 1);
    assert.equal(await others(), 1);
    await beside.retire('unknown', 1);
    await beside.retire('a', 2);
    assert.equal(await others(), 0);
  });

  shared(
    'changed: rows of another version, handed back, ended or gone; never those that are as they were',
    async (store, beside) => {
      const names = ['same', 'written', 'back', 'ended', 'purged', 'taken', 'woken', 'appended'];
      await put(store, ...names.map((gid) => waiting(gid, startMs + 1000, gid === 'taken' ? 'dead' : 'a')));
      await store.heartbeat(aBeat('a'));
      assert.deepEqual(await store.changed(names.map((gid) => ({ gid, version: 1 }))), []);
      const mine = (gid: string, status: 'submitted' | 'succeed', owner: string | null) =>
        update(gid, { expectOwner: 'a', owner, progress: aProgress(status) });
      await put(
        store,
        mine('written', 'submitted', 'a'),
        mine('back', 'submitted', null),
        mine('ended', 'succeed', null),
        mine('purged', 'succeed', null),
      );
      await put(store, append('appended', [aBranch('01')], { whileStatus: 'submitted' }));
      await store.purge(startMs + 1, 1);
      const gone = (await store.load(['ended', 'purged'])).map((row) => row === undefined);
      await store.makeDue('woken', startMs);
      assert.deepEqual(gidsOf((await claim(store, 'b')).claimed), ['taken']);
      const changed = await beside.changed([...names, 'unknown'].map((gid) => ({ gid, version: 1 })));
      const over = (isGone: boolean | undefined) => ({ version: isGone === true ? 0 : 2, owner: null });
      assert.deepEqual(
        new Map(changed.map(({ gid, version, owner }) => [gid, { version, owner }])),
        new Map<string, { version: number; owner: string | null }>([
          ['written', { version: 2, owner: 'a' }],
          ['back', { version: 2, owner: null }],
          ['ended', over(gone[0])],
          ['purged', over(gone[1])],
          ['taken', { version: 2, owner: 'b' }],
          ['woken', { version: 2, owner: 'a' }],
          ['unknown', { version: 0, owner: null }],
        ]),
      );
      assert.deepEqual(await beside.changed([{ gid: 'written', version: 2 }]), []);
      assert.deepEqual(await beside.changed([]), []);
    },
  );

  shared('changed: thousands at once', async (store) => {
    const names = numbers(3000).map((index) => `g-${index}`);
    await put(store, ...names.map((gid) => waiting(gid, startMs)));
    await put(store, ...names.slice(0, 5).map((gid) => update(gid)));
    const changed = await store.changed(names.map((gid) => ({ gid, version: 1 })));
    assert.deepEqual(changed.map(({ gid }) => gid).sort(), names.slice(0, 5));
  });
}
