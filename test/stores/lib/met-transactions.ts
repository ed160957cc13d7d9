import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  aBeat,
  aBranch,
  aProgress,
  append,
  claim,
  create,
  found,
  gidsOf,
  put,
  startMs,
  update,
} from '../../../packages/server/src/store/contract/fixtures.ts';
import type { Store } from '../../../packages/server/src/store/store.ts';

/** A server that reports that a transaction met another one. */
export interface Meeting {
  /** What it reports: a deadlock, and what else its like is called. */
  readonly codes: readonly string[];
  /** The first `times` transactions from now on that write something are rolled back, with this code. */
  meet(code: string, times: number): Promise<void>;
  /** How many have been. */
  met(): Promise<number>;
}

interface Operation {
  readonly name: string;
  readonly prepare?: (store: Store, gid: string) => Promise<void>;
  readonly run: (store: Store, gid: string) => Promise<void>;
}

/** All that writes. Fails where it was not done. */
const operations: readonly Operation[] = [
  { name: 'creation', run: (store, gid) => put(store, create(gid)) },
  {
    name: 'update',
    prepare: (store, gid) => put(store, create(gid)),
    run: (store, gid) => put(store, update(gid)),
  },
  {
    name: 'registration',
    prepare: (store, gid) => put(store, create(gid)),
    run: async (store, gid) => {
      await put(store, append(gid, [aBranch('01')]));
      assert.equal((await found(store, gid)).branches.length, 1);
    },
  },
  {
    name: 'claim',
    prepare: (store, gid) => put(store, create(gid, { progress: aProgress('submitted', { dueMs: startMs - 1 }) })),
    run: async (store, gid) => assert.ok(gidsOf((await claim(store, 'me')).claimed).includes(gid)),
  },
  {
    name: 'wake',
    prepare: (store, gid) => put(store, create(gid)),
    run: async (store, gid) => assert.equal(await store.makeDue(gid, startMs), true),
  },
  {
    name: 'topic',
    run: async (store, gid) => assert.equal(await store.putValue('topics', gid, 'value', 0, startMs), true),
  },
  {
    name: 'heartbeat',
    run: async (store, gid) => {
      const { nodes } = await store.heartbeat(aBeat(gid));
      assert.ok(nodes.some(({ incarnation, count }) => incarnation === gid && count === 1));
    },
  },
  { name: 'ping', run: (store) => store.ping() },
];

/** A deadlock and a serialization failure have written nothing, and are issued again by the store itself. */
export function testMetTransactions(open: () => { readonly store: Store; readonly meeting: Meeting }): void {
  for (const { name, prepare, run } of operations) {
    it(`a ${name} that meets another transaction is done by the next attempt`, async () => {
      const { store, meeting } = open();
      for (const code of meeting.codes) {
        const gid = `${name} ${code}`;
        await prepare?.(store, gid);
        await meeting.meet(code, 2);
        await run(store, gid);
        assert.ok((await meeting.met()) >= 2, 'nobody was met');
      }
    });
  }
}
