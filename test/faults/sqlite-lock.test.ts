import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { create, found, put } from 'holdfast/store/contract/fixtures';
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { readNumber } from 'holdfast/store/sqlite/values';
import { StoreError } from 'holdfast/store/store';
import { bound } from '../lib/bound.ts';

/** This file is also the other process: it opens the store, says so, and stays until it is told to end. */
async function child(dataDir: string): Promise<void> {
  const store = new SqliteStore({ dataDir });
  await store.open();
  console.log('open');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
  // Nothing of the store may keep the process alive after this.
  await store.close();
}

/** Resolves when the other process has opened the store. */
async function startChild(dataDir: string): Promise<ChildProcess> {
  const args = ['--conditions=source', import.meta.filename, 'child', dataDir];
  const started = spawn(...bound(process.execPath, args), { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    started.stdout?.once('data', () => resolve());
    started.once('exit', (code) => reject(new Error(`the child ended (${code}) before it opened the store`)));
  });
  return started;
}

function ended(started: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (started.exitCode !== null || started.signalCode !== null) resolve();
    else started.once('exit', () => resolve());
  });
}

function testLock(name: string, run: (dataDir: string) => Promise<void>): void {
  test(name, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-lock-'));
    try {
      await run(dataDir);
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
}

const isLocked = (dataDir: string) => (error: unknown) =>
  error instanceof StoreError &&
  error.code === 'locked' &&
  error.message.includes(dataDir) &&
  /use another folder for this one/.test(error.message);

function declareTests(): void {
  testLock('a second process is refused after 5 s, and kill -9 of the first frees the store', async (dataDir) => {
    const other = await startChild(dataDir);
    try {
      const startedMs = performance.now();
      const store = new SqliteStore({ dataDir });
      await assert.rejects(store.open(), isLocked(dataDir));
      const waitedMs = performance.now() - startedMs;
      assert.ok(waitedMs >= 5000, `waited ${waitedMs} ms`);
      const opening = store.open();
      other.kill('SIGKILL');
      await opening;
      await put(store, create('g'));
      await store.close();
    } finally {
      other.kill('SIGKILL');
      await ended(other);
    }
  });

  testLock(
    'B15: of six processes that start at once on an empty folder one has it, and it is whole',
    async (dataDir) => {
      const children = Array.from({ length: 6 }, () => startChild(dataDir));
      const results = await Promise.allSettled(children);
      const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      try {
        assert.equal(winners.length, 1);
      } finally {
        for (const winner of winners) winner.stdin?.end('end\n');
        await Promise.all(winners.map(ended));
      }
      const store = new SqliteStore({ dataDir });
      await store.open();
      await put(store, create('g'));
      await store.close();
    },
  );

  testLock('a process that ends in time is waited for', async (dataDir) => {
    const other = await startChild(dataDir);
    const store = new SqliteStore({ dataDir });
    const opening = store.open();
    other.stdin?.end('end\n');
    await opening;
    await store.close();
    await ended(other);
    assert.equal(other.exitCode, 0);
  });

  testLock('two stores of one process do not share a folder either', async (dataDir) => {
    const first = new SqliteStore({ dataDir });
    await first.open();
    const second = new SqliteStore({ dataDir });
    const opening = second.open();
    await put(first, create('g'));
    await first.close();
    await opening;
    assert.equal((await found(second, 'g')).version, 1);
    await second.close();
  });

  testLock('people can look into the database while it is open', async (dataDir) => {
    const store = new SqliteStore({ dataDir });
    await store.open();
    await put(store, create('g'));
    const reader = new DatabaseSync(join(dataDir, 'holdfast.db'), { readOnly: true });
    assert.equal(readNumber(reader, 'select count(*) from transactions'), 1);
    reader.exec('begin');
    assert.equal(readNumber(reader, 'select count(*) from transactions'), 1);
    await put(store, create('h'));
    assert.equal(readNumber(reader, 'select count(*) from transactions'), 1, 'a long look stops nobody');
    reader.exec('commit');
    assert.equal(readNumber(reader, 'select count(*) from transactions'), 2);
    reader.close();
    await put(store, create('i'));
    await store.close();
  });

  testLock('a writer from outside makes a commit wait shortly, then fail without a trace', async (dataDir) => {
    const store = new SqliteStore({ dataDir });
    await store.open();
    const outside = new DatabaseSync(join(dataDir, 'holdfast.db'));
    outside.exec('begin immediate');
    await assert.rejects(
      store.commit([create('g')]),
      (error) => error instanceof StoreError && error.code === 'not-done',
    );
    outside.exec('rollback');
    assert.deepEqual(await store.load(['g']), [undefined]);
    await put(store, create('g'));
    outside.close();
    await store.close();
  });
}

const [, , role, folder] = process.argv;
if (role === 'child' && folder !== undefined) await child(folder);
else declareTests();
