import assert from 'node:assert/strict';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  type Case,
  claim,
  create,
  type Damage,
  found,
  gidsOf,
  listed,
  put,
  startMs,
  update,
} from './fixtures.ts';

type Kind = Damage['kind'];

const damages: { readonly [K in Kind]: readonly Extract<Damage, { kind: K }>['what'][] } = {
  changed: ['definition', 'type', 'progress', 'status', 'reason', 'finishedMs', 'branch', 'branchId', 'op'],
  lost: ['definition', 'branch', 'branches and their count'],
  exchanged: ['definition', 'progress', 'branches'],
};

const due = (gid: string, status: 'prepared' | 'submitted' = 'submitted') =>
  create(gid, {
    definition: aDefinition(gid, { type: 'tcc', steps: [], customData: gid }),
    progress: aProgress(status, { dueMs: startMs, reason: `reason of ${gid}`, attemptCount: gid.length }),
  });

const registered = (gid: string) => [aBranch('01', { url: `u-${gid}` }), aBranch('02', { op: 'cancel' })];

/** What is damaged is an incident of its transaction alone. */
export function testDamage(test: Case): void {
  for (const [kind, whats] of Object.entries(damages)) {
    test(`what is ${kind} (${whats.join(', ')}) is noticed, and keeps no other waiting`, async (store, opened) => {
      if (opened.damage === undefined) return;
      const bad = whats.flatMap((what) => (kind === 'exchanged' ? [what, `other of ${what}`] : [what]));
      const fine = ['a fine one', 'z'];
      const gids = [...bad, ...fine];
      await put(store, ...gids.map((gid) => due(gid)));
      await put(store, ...gids.map((gid) => append(gid, registered(gid), { type: 'tcc', whileStatus: 'submitted' })));
      for (const what of whats) await opened.damage(what, { kind, what, other: `other of ${what}` } as Damage);
      for (const gid of bad) {
        await assert.rejects(store.load([gid]), { code: 'version', message: /cannot be read|is null/ }, gid);
      }
      for (const gid of fine) assert.deepEqual((await found(store, gid)).branches, registered(gid));
      assert.deepEqual((await listed(store, {})).sort(), gids.toSorted(), 'all are listed');
      const { claimed, unreadable = [] } = await claim(store, 'me');
      assert.deepEqual(gidsOf(claimed).sort(), fine);
      assert.deepEqual(unreadable.map(({ gid }) => gid).sort(), bad.toSorted());
      for (const { incident } of unreadable) assert.match(incident, /^unreadable: .*(cannot be read|is null)/);
      assert.equal((await store.counts(startMs)).incidents, bad.length);
      assert.deepEqual((await listed(store, { hasIncident: true })).sort(), bad.toSorted());
    });
  }

  test('an update that sets aside makes what cannot be read readable again, without branches', async (store, opened) => {
    if (opened.damage === undefined) return;
    const whats: readonly Damage[] = [
      { kind: 'changed', what: 'progress' },
      { kind: 'lost', what: 'definition' },
      { kind: 'changed', what: 'type' },
      { kind: 'changed', what: 'branch' },
    ];
    for (const [index, damage] of whats.entries()) {
      const gid = `g${index}`;
      await put(store, due(gid));
      await put(store, append(gid, registered(gid), { type: 'tcc', whileStatus: 'submitted' }));
      await opened.damage(gid, damage);
      const definition = aDefinition(gid, { type: 'tcc', steps: [] });
      const progress = aProgress('failed', { finishedMs: startMs });
      const write = update(gid, { progress, definition, setsAside: true });
      assert.deepEqual(await store.commit([{ ...write, expectVersion: 2, token: 'other' }]), ['conflict']);
      await assert.rejects(store.load([gid]), { code: 'version' });
      await put(store, write);
      const stored = await found(store, gid);
      assert.deepEqual([stored.definition, stored.progress, stored.branches], [definition, progress, []]);
      await put(store, write);
    }
    assert.equal(await store.purge(startMs + 1, 10), whats.length);
  });

  test('what makeDue, appends and claims change on their own leaves the rest of a row readable', async (store) => {
    await put(store, due('g', 'prepared'));
    await store.makeDue('g', startMs - 5);
    await put(store, append('g', registered('g'), { type: 'tcc', dueMs: startMs - 9 }));
    const [claimed] = (await claim(store, 'me')).claimed;
    assert.deepEqual(claimed?.branches, registered('g'));
    await put(store, append('g', [aBranch('03')], { type: 'tcc' }));
    const progress = aProgress('submitted', { reason: 'now so' });
    await put(store, update('g', { expectOwner: 'me', expectVersion: claimed.version, progress }));
    assert.equal(await store.makeDue('g', startMs), true);
    const stored = await found(store, 'g');
    assert.deepEqual([stored.branches.length, stored.progress.reason], [3, 'now so']);
  });
}
