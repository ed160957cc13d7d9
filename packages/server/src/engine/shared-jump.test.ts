import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyValue } from '../store/store.ts';
import { forgetJump, tellJump, toldJump } from './shared-jump.ts';

const standsMs = 60_000;
const jump = { aheadMs: 3_600_000, sinceServerMs: 5_000_000 };

function aStore() {
  const rows = new Map<string, KeyValue>();
  let writes = 0;
  return {
    writes: () => writes,
    getValue: async (_: string, key: string) => rows.get(key),
    putValue: async (category: string, key: string, value: string, expected: number, nowMs: number) => {
      if ((rows.get(key)?.version ?? 0) !== expected) return false;
      writes += 1;
      rows.set(key, { category, key, value, version: expected + 1, createdMs: nowMs, updatedMs: nowMs });
      return true;
    },
    deleteValue: async (_: string, key: string) => rows.delete(key),
  };
}

test('who starts within the minute is told how far the clock has jumped, and since when', async () => {
  const store = aStore();
  assert.equal(await toldJump(store, jump.sinceServerMs, standsMs), undefined);
  await tellJump(store, jump);
  assert.deepEqual(await toldJump(store, jump.sinceServerMs + 59_000, standsMs), jump);
  assert.equal(await toldJump(store, jump.sinceServerMs + 60_000, standsMs), undefined, 'all follow it by then');
  assert.equal(await toldJump(store, jump.sinceServerMs - jump.aheadMs, standsMs), undefined, 'it was put right');
});

test('several find the same jump and tell it once; another jump takes its place', async () => {
  const store = aStore();
  await tellJump(store, jump);
  await tellJump(store, { ...jump, sinceServerMs: jump.sinceServerMs + 900 });
  assert.equal(store.writes(), 1);
  const next = { aheadMs: -20_000, sinceServerMs: jump.sinceServerMs + 30_000 };
  await tellJump(store, next);
  assert.deepEqual(await toldJump(store, next.sinceServerMs, standsMs), next);
});

test('once an operator has accepted the clock, nobody is told of a jump', async () => {
  const store = aStore();
  await tellJump(store, jump);
  await forgetJump(store);
  assert.equal(await toldJump(store, jump.sinceServerMs, standsMs), undefined);
});
