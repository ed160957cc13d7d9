import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  aDefinition,
  aProgress,
  claim,
  create,
  found,
  gidsOf,
  numbers,
  put,
  startMs,
} from '../../contract/fixtures.ts';
import { SqliteStore } from '../sqlite-store.ts';

const yearMs = 365 * 24 * 3_600_000;
const mistake = { afterMs: startMs, byMs: yearMs };

test('what a clock that was ahead has written is set back with it: stamps, time-outs, due times; the rest stays', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-set-back-'));
  const store = new SqliteStore({ dataDir });
  await store.open();
  t.after(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true });
  });
  const aheadMs = startMs + yearMs - 60_000;
  const ahead = (gid: string, dueMs: number) => {
    const times = { dueMs, updatedMs: aheadMs, submittedMs: aheadMs };
    const attempts = [{ operation: 0, atMs: aheadMs + 5, durationMs: 1, outcome: 'error', reason: 'x' } as const];
    const progress = aProgress('submitted', { ...times, attempts, attemptCount: 1 });
    return create(gid, { definition: aDefinition(gid, { createdMs: aheadMs }), progress });
  };
  const old = create('old', {
    definition: aDefinition('old', { createdMs: startMs - 1000 }),
    progress: aProgress('submitted', { dueMs: startMs + 10 * yearMs, updatedMs: startMs - 500 }),
  });
  const many = numbers(450).map((index) => ahead(`many-${index}`, startMs + yearMs + 10_000));
  await put(store, old, ahead('ahead', startMs + yearMs + 5000), ...many);
  assert.equal(await store.clockMs(), aheadMs);

  assert.equal(await store.setBack(mistake), 451);
  const { definition, progress, version } = await found(store, 'ahead');
  assert.equal(definition.createdMs, startMs - 60_000);
  assert.deepEqual(
    [progress.dueMs, progress.updatedMs, progress.submittedMs, progress.attempts[0]?.atMs, progress.finishedMs],
    [startMs + 5000, startMs - 60_000, startMs - 60_000, startMs - 59_995, 0],
  );
  assert.equal(version, 2);
  assert.equal((await found(store, 'old')).progress.dueMs, startMs + 10 * yearMs, 'it was not written then');
  assert.equal(await store.clockMs(), startMs);
  assert.equal(await store.setBack(mistake), 0, 'again changes nothing');
  const claimed = await claim(store, 'one', { nowMs: startMs + 6000 });
  assert.deepEqual(gidsOf(claimed.claimed), ['ahead']);
});
