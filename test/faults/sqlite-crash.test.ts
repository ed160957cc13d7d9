import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { aBranch, aProgress, append, create, numbers, put, update } from 'holdfast/store/contract/fixtures';
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { bound } from '../lib/bound.ts';

const rounds = 5;
const perBatch = 16;

/** This file is also the process that is killed: it commits for ever, and names what was acknowledged. */
async function child(dataDir: string, round: string): Promise<void> {
  const store = new SqliteStore({ dataDir });
  await store.open();
  for (let batch = 0; ; batch += 1) {
    const gids = numbers(perBatch).map((index) => `${round}-${batch}-${index}`);
    await put(store, ...gids.map((gid) => create(gid)));
    await put(store, ...gids.map((gid) => append(gid, [aBranch('01'), aBranch('02')])));
    await put(store, ...gids.map((gid) => update(gid, { owner: round, progress: aProgress('aborting') })));
    process.stdout.write(`${gids.join(' ')}\n`);
    if (batch % 8 === 0) await store.purge(0, 10);
  }
}

/** Kills the process once it has acknowledged so many batches; what it said until its end counts. */
async function acknowledgedBeforeKill(dataDir: string, round: number, batches: number): Promise<string[]> {
  const args = ['--conditions=source', import.meta.filename, 'child', dataDir, `round${round}`];
  const started: ChildProcess = spawn(...bound(process.execPath, args), { stdio: ['ignore', 'pipe', 'inherit'] });
  assert.ok(started.stdout !== null);
  const acknowledged: string[] = [];
  let seen = 0;
  for await (const line of createInterface(started.stdout)) {
    acknowledged.push(...line.split(' '));
    seen += 1;
    if (seen === batches) setTimeout(() => started.kill('SIGKILL'), Math.random() * 20);
  }
  return acknowledged;
}

function declareTests(): void {
  test('kill -9 in the middle of commits loses nothing that was acknowledged', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-crash-'));
    try {
      const acknowledged: string[] = [];
      for (const round of numbers(rounds)) {
        const gids = await acknowledgedBeforeKill(dataDir, round, 2 + Math.floor(Math.random() * 40));
        assert.ok(gids.length > 0);
        acknowledged.push(...gids);
        await checkAll(dataDir, acknowledged);
      }
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
}

/** What was acknowledged is there; what was cut off is there batch by batch, whole or not at all. */
async function checkAll(dataDir: string, acknowledged: readonly string[]): Promise<void> {
  const store = new SqliteStore({ dataDir });
  await store.open();
  const stored = await store.load(acknowledged);
  for (const [index, one] of stored.entries()) {
    assert.ok(one !== undefined, `${acknowledged[index]} was acknowledged and is gone`);
    assert.deepEqual([one.version, one.progress.status, one.branches.length], [2, 'aborting', 2]);
  }
  let position = '';
  const parts = new Map<string, Set<string>>();
  do {
    const page = await store.list({ limit: 1000, position });
    for (const { definition, version } of page.transactions) {
      const batch = definition.gid.slice(0, definition.gid.lastIndexOf('-'));
      const states = parts.get(batch) ?? new Set();
      parts.set(batch, states.add(String(version)));
    }
    position = page.next;
  } while (position !== '');
  for (const [batch, states] of parts) assert.equal(states.size, 1, `${batch} is half written`);
  await store.close();
}

const [, , role, folder, round] = process.argv;
if (role === 'child' && folder !== undefined && round !== undefined) await child(folder, round);
else declareTests();
