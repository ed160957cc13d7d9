import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aDefinition, create, found, numbers, put } from '../contract/fixtures.ts';
import { StoreError } from '../store.ts';
import { SqliteStore } from './sqlite-store.ts';

/** This file is also the process on a small disk of its own. */
async function child(disk: string): Promise<void> {
  const ballast = join(disk, 'ballast');
  // Without it there is room for the database and the whole WAL in it once more, however late the checkpoints come.
  writeFileSync(ballast, new Uint8Array(14 * 1024 * 1024));
  const store = new SqliteStore({ dataDir: join(disk, 'data') });
  await store.open();
  const acknowledged: string[] = [];
  const step = { branchId: '01', action: 'u', compensate: 'v', payload: 'x'.repeat(10_000) };
  let refused: unknown;
  for (let batch = 0; refused === undefined && batch < 10_000; batch += 1) {
    const gids = numbers(10).map((index) => `g${batch}-${index}`);
    const writes = gids.map((gid) => create(gid, { definition: aDefinition(gid, { steps: [step] }) }));
    try {
      await put(store, ...writes);
      acknowledged.push(...gids);
    } catch (error) {
      refused = error;
      const stored = await store.load(gids);
      assert.deepEqual(
        stored,
        gids.map(() => undefined),
        'nothing of the refused batch is written',
      );
    }
  }
  assert.ok(refused instanceof StoreError, String(refused));
  assert.equal(refused.code, 'full', refused.message);
  assert.ok(acknowledged.length > 0);
  await assert.rejects(
    async () => {
      // A checkpoint that comes now makes room in the WAL once more.
      for (let count = 0; count < 100; count += 1) {
        const gid = `big${count}`;
        const steps = [{ ...step, payload: 'y'.repeat(500_000) }];
        await put(store, create(gid, { definition: aDefinition(gid, { steps }) }));
        acknowledged.push(gid);
      }
    },
    { code: 'full' },
  );
  await store.ping();
  await assert.rejects(store.backup(), { code: 'full' });
  rmSync(ballast);
  assert.ok(statfsSync(disk).bavail > 0);
  await put(store, create('after'));
  assert.equal((await store.load(acknowledged)).filter((one) => one === undefined).length, 0);
  await store.close();
  await store.open();
  assert.equal((await store.load(acknowledged)).filter((one) => one === undefined).length, 0);
  assert.equal((await found(store, 'after')).version, 1);
  await store.close();
}

/** This file is also a process that may have few files open, with so many of them free as it begins. */
async function childWithFew(dataDir: string, free: number): Promise<void> {
  const held: number[] = [];
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    // All of them are taken.
  }
  for (const file of held.splice(0, free)) closeSync(file);
  const store = new SqliteStore({ dataDir });
  const refused: unknown = await store.open().catch((error: unknown) => error);
  for (const file of held) closeSync(file);
  await store.close();
  console.log(refused instanceof StoreError ? `${refused.code} ${refused.message}` : refused);
}

const canMount = () => spawnSync('unshare', ['-m', 'true']).status === 0;

function declareTests(): void {
  test('too few open files at the start are told as what they are', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-few-'));
    try {
      for (const free of [1, 4]) {
        const run = `ulimit -n 100; exec ${process.execPath} --conditions=source ${import.meta.filename} few ${folder}/data ${free}`;
        const { stdout, stderr } = spawnSync('sh', ['-c', run], { encoding: 'utf8' });
        assert.match(
          stdout,
          /^not-done .*too many files open \(EMFILE\).*ulimit -n/,
          `${free} free: ${stdout}${stderr}`,
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  const skip = canMount() ? false : 'needs the right to mount a small disk (unshare -m)';
  test('a full disk: `full`, nothing half-written, and on it goes once there is room', { skip }, () => {
    const disk = mkdtempSync(join(tmpdir(), 'holdfast-full-'));
    try {
      const run = `mount -t tmpfs -o size=24m none ${disk} && exec ${process.execPath} --conditions=source ${import.meta.filename} child ${disk}`;
      const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', run], { encoding: 'utf8' });
      assert.equal(status, 0, `${stdout}${stderr}`);
    } finally {
      rmdirSync(disk);
    }
  });
}

const [, , role, folder, free] = process.argv;
if (role === 'child' && folder !== undefined) await child(folder);
else if (role === 'few' && folder !== undefined) await childWithFew(folder, Number(free));
else declareTests();
