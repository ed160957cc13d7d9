import assert from 'node:assert/strict';
import type { AlertRequest, Store } from '../store.ts';
import { aProgress, type Case, claim, create, found, numbers, put, startMs, update } from './fixtures.ts';

const take = (store: Store, more: Partial<AlertRequest> = {}) =>
  store.takeAlerts({ nowMs: startMs, firstRetryMs: 1000, longestRetryMs: 4000, limit: 10, ...more });

const gidsTaken = async (store: Store, more: Partial<AlertRequest> = {}) =>
  (await take(store, more)).taken.map(({ gid }) => gid);

const inNeed = (gid: string, incident = 'failing: action of branch 01') =>
  create(gid, { progress: aProgress('submitted', { incident }) });

/** takeAlerts, alertTold. */
export function testAlerts(test: Case): void {
  test('alerts: none is owed for what needs nobody, or is over', async (store) => {
    await put(store, create('fine'), create('over', { progress: aProgress('failed', { incident: 'was one' }) }));
    assert.deepEqual(await take(store), { taken: [], nextMs: undefined });
  });

  test('alerts: owed with the write that brings the incident, until told', async (store) => {
    await put(store, inNeed('created'), create('updated'), create('fine'));
    await put(store, update('updated', { progress: aProgress('submitted', { incident: 'needs one' }) }));
    const { taken, nextMs } = await take(store);
    const about = { type: 'saga', status: 'submitted', againMs: startMs + 1000 };
    assert.deepEqual(
      taken.toSorted((one, other) => (one.gid < other.gid ? -1 : 1)),
      [
        { gid: 'created', incident: 'failing: action of branch 01', ...about },
        { gid: 'updated', incident: 'needs one', ...about },
      ],
    );
    assert.equal(nextMs, startMs + 1000);
    for (const one of taken) await store.alertTold(one);
    assert.deepEqual(await take(store, { nowMs: startMs + 1_000_000 }), { taken: [], nextMs: undefined });
  });

  test('alerts: telling is no write of the transaction: version, owner and tokens stay', async (store) => {
    await put(store, inNeed('g'));
    const before = await found(store, 'g');
    const [one] = (await take(store)).taken;
    assert.ok(one !== undefined);
    await store.alertTold(one);
    assert.deepEqual(await found(store, 'g'), before);
    assert.deepEqual((await claim(store, 'a', { nowMs: startMs + 10_000 })).claimed.length, 1);
  });

  test('alerts: one that is not told is due again after ever longer', async (store) => {
    await put(store, inNeed('g'));
    for (const [nowMs, againMs] of [
      [0, 1000],
      [1000, 3000],
      [3000, 7000],
      [7000, 11_000],
    ] as const) {
      if (nowMs > 0) assert.deepEqual(await gidsTaken(store, { nowMs: startMs + nowMs - 1 }), []);
      const { taken, nextMs } = await take(store, { nowMs: startMs + nowMs });
      assert.deepEqual([taken.map((one) => one.againMs), nextMs], [[startMs + againMs], startMs + againMs]);
    }
  });

  test('alerts: no more than asked for, those tried least first', async (store) => {
    await put(store, ...numbers(4).map((index) => inNeed(`g${index}`)));
    const first = await take(store, { limit: 3 });
    assert.deepEqual([first.taken.length, first.nextMs], [3, startMs]);
    const second = await gidsTaken(store, { limit: 3, nowMs: startMs + 60_000 });
    const untried = numbers(4)
      .map((index) => `g${index}`)
      .find((gid) => first.taken.every((one) => one.gid !== gid));
    assert.equal(second[0], untried);
    assert.equal(second.length, 3);
  });

  test('alerts: what ends is not owed any more; another incident is, at once', async (store) => {
    await put(store, inNeed('ends'), inNeed('finishes'), inNeed('changes'), inNeed('stays'));
    const { taken } = await take(store);
    const progress = (incident: string) => aProgress('submitted', { incident });
    await put(
      store,
      update('ends', { progress: progress('') }),
      update('finishes', { progress: aProgress('succeed') }),
      update('changes', { progress: progress('something else') }),
      update('stays', { progress: progress('failing: action of branch 01') }),
    );
    assert.deepEqual(await gidsTaken(store), ['changes'], 'the others are not due or not owed');
    assert.deepEqual((await gidsTaken(store, { nowMs: startMs + 1000 })).toSorted(), ['changes', 'stays']);
    // What was taken before it changed says nothing of what it is now.
    for (const one of taken) await store.alertTold(one);
    assert.deepEqual((await gidsTaken(store, { nowMs: startMs + 60_000 })).toSorted(), ['changes', 'stays']);
  });

  test('alerts: what another has taken since is not told by the first', async (store) => {
    await put(store, inNeed('g'));
    const [first] = (await take(store)).taken;
    const [second] = (await take(store, { nowMs: startMs + 1000 })).taken;
    assert.ok(first !== undefined && second !== undefined);
    await store.alertTold(first);
    assert.equal((await take(store)).nextMs, second.againMs);
    await store.alertTold(second);
    assert.equal((await take(store)).nextMs, undefined);
    await store.alertTold({ ...second, gid: 'unknown' });
  });

  test('alerts: a clock that was far ahead puts none off', async (store) => {
    await put(store, inNeed('g'));
    await take(store, { nowMs: startMs + 1_000_000 });
    assert.deepEqual(await gidsTaken(store), ['g']);
  });

  test('alerts: owed still after the store was closed and opened', async (store, { reopen }) => {
    if (reopen === undefined) return;
    await put(store, inNeed('waits'), inNeed('taken'), inNeed('told'));
    const { taken } = await take(store, { limit: 3 });
    const told = taken.find(({ gid }) => gid === 'told');
    assert.ok(told !== undefined);
    await store.alertTold(told);
    const again = await reopen();
    assert.deepEqual((await gidsTaken(again, { nowMs: startMs + 1000 })).toSorted(), ['taken', 'waits']);
  });
}
