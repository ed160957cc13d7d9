import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ListPage,
  type Store,
  type StoredTransaction,
  UnreadableError,
  type UnreadableRow,
} from '../store/store.ts';
import { Unreadables } from './unreadables.ts';
import { inspect } from './upkeep.ts';

const row = (gid: string, more: Partial<UnreadableRow> = {}): UnreadableRow => {
  return {
    gid,
    type: 'saga',
    status: 'submitted',
    incident: 'unreadable: x',
    owner: null,
    version: 1,
    createdMs: 1,
    ...more,
  };
};

const listed = ({ gid, type, status, incident, owner, version, createdMs }: UnreadableRow) =>
  ({ definition: { gid, type, createdMs }, progress: { status, incident }, owner, version }) as StoredTransaction;

function world(store: Partial<Store>) {
  const told: string[] = [];
  const claimed: string[] = [];
  const stored: string[] = [];
  const unreadables = new Unreadables({
    tell: ({ gid }) => told.push(gid),
    stored: ({ gid }) => stored.push(gid),
    claimSoon: (gid) => claimed.push(gid),
  });
  return { store: unreadables.watch(store as Store), told, claimed, stored };
}

test('each is told once, wherever it is met, and claimed where nobody has it', async () => {
  const rows = [row('sleeps'), row('owned', { owner: 'me' }), row('ended', { status: 'failed' })];
  const page: ListPage = { transactions: [...rows, row('fine', { incident: 'failing: x' })].map(listed), next: '' };
  const { store, told, claimed, stored } = world({
    list: async () => page,
    load: async ([gid = '']) => {
      throw new UnreadableError(row(gid), 'x', undefined);
    },
    claim: async () => ({ claimed: [], nextDueMs: undefined, unreadable: [row('due'), row('sleeps')] }),
    ping: async () => undefined,
  });
  assert.equal(await store.list({ limit: 1 }), page);
  assert.deepEqual([told, claimed], [['sleeps', 'owned', 'ended'], ['sleeps']]);
  await assert.rejects(store.load(['sleeps']), { code: 'version' });
  await assert.rejects(store.load(['asked for']), { code: 'version' });
  await store.claim({ incarnation: 'a', nowMs: 1, dead: [], maxCount: 1, maxBytes: 1 });
  await store.list({ limit: 1 });
  await store.ping();
  assert.deepEqual(told, ['sleeps', 'owned', 'ended', 'asked for', 'due']);
  assert.deepEqual(claimed, ['sleeps', 'asked for']);
  assert.deepEqual(stored, ['sleeps'], 'an alert of it may be owed now');
});

test('another reason is told anew', async () => {
  let incident = 'unreadable: a';
  const { store, told } = world({
    list: async () => ({ transactions: [listed(row('g', { incident }))], next: '' }),
  });
  await store.list({ limit: 1 });
  incident = 'unreadable: b';
  await store.list({ limit: 1 });
  assert.deepEqual(told, ['g', 'g']);
});

test('an inspection reads every page of what is unfinished, and rests in between', async () => {
  const asked: string[] = [];
  const rests: number[] = [];
  let nowMs = 0;
  const store: Partial<Store> = {
    list: async ({ status, position }) => {
      asked.push(`${status} ${position}`);
      nowMs += 10;
      return { transactions: [], next: status === 'submitted' && position !== '2' ? String(Number(position) + 1) : '' };
    },
  };
  const rest = async (ms: number) => void rests.push(ms);
  await inspect(store as Store, { monotonicMs: () => nowMs, rest, isOver: () => false });
  assert.deepEqual(asked, ['prepared ', 'submitted ', 'submitted 1', 'submitted 2', 'aborting ']);
  assert.deepEqual(rests, [40, 40]);
});
