import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { create, numbers, put } from '../../contract/fixtures.ts';
import { StoreError } from '../../store.ts';
import { SqliteStore } from '../sqlite-store.ts';
import { restoreInto } from './restore.ts';

/** This file is also the process on small disks of its own. */
async function child(folder: string): Promise<void> {
  const [data, full, narrow] = ['data', 'full', 'narrow'].map((name) => join(folder, name)) as [string, string, string];
  const store = new SqliteStore({ dataDir: data });
  await store.open();
  await put(store, ...numbers(500).map((index) => create(`g${index}`)));
  await assert.rejects(store.backup({ to: full }), {
    code: 'full',
    message: /no room in \S+full: (\d+) bytes are needed \(for the copy\), (\d+) are free.*no backup was made/,
  });
  await assert.rejects(store.backup(), {
    code: 'full',
    message: /for the copy and 67108864 that the store itself may/,
  });
  // There is room for the bytes, and none for a second file: SQLite fails when the copy has begun.
  await assert.rejects(store.backup({ to: narrow }), { code: /full|not-done/, message: /no backup was made/ });
  const { path } = await store.backup({ to: folder });
  const restored = { backup: 'b', newestMs: 1, restoredMs: 2 };
  await assert.rejects(restoreInto(full, path, restored), { code: 'full', message: /no room in \S+full: \d+ bytes/ });
  await assert.rejects(restoreInto(join(full, 'deep', 'new'), path, restored), { code: 'full' });
  assert.ok(!existsSync(join(full, 'deep', 'new')));
  rmSync(join(full, 'deep'), { recursive: true });
  await assert.rejects(restoreInto(narrow, path, restored), /ENOSPC/);
  for (const disk of [full, narrow, join(data, 'backups')]) assert.deepEqual(readdirSync(disk), [], disk);
  await put(store, create('after'));
  await store.close();
}

function declareTests(): void {
  const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;
  const skip = canMount ? false : 'needs the right to mount small disks (unshare -m)';

  test('no room: refused with what is needed and free, nothing is left behind, and the store goes on', { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-room-'));
    try {
      for (const name of ['data', 'full', 'narrow']) mkdirSync(join(folder, name));
      const mounts = [
        `mount -t tmpfs -o size=16m none ${folder}/data`,
        `mount -t tmpfs -o size=64k none ${folder}/full`,
        `mount -t tmpfs -o size=64m,nr_inodes=2 none ${folder}/narrow`,
      ].join(' && ');
      const run = `${mounts} && exec ${process.execPath} --conditions=source ${import.meta.filename} child ${folder}`;
      const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', run], { encoding: 'utf8' });
      assert.equal(status, 0, `${stdout}${stderr}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a restore to what is no place for a folder says why, and leaves what is there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-places-'));
    const [link, file] = [join(folder, 'link'), join(folder, 'file')];
    symlinkSync(join(folder, 'nothing'), link);
    writeFileSync(file, 'x');
    const restored = { backup: 'b', newestMs: 1, restoredMs: 2 };
    for (const [place, told] of [
      [link, /link is a link to something that is not there$/],
      [file, /file is not a folder$/],
      [join(file, 'below'), /a restore into \S+below: the system refused it \(.*ENOTDIR/],
    ] as const) {
      await assert.rejects(restoreInto(place, file, restored), (error: unknown) => {
        assert.ok(error instanceof StoreError);
        assert.match(error.message, told);
        return true;
      });
    }
    assert.deepEqual(readdirSync(folder), ['file', 'link']);
    rmSync(folder, { recursive: true });
  });

  const inFolders = async (run: (store: SqliteStore, data: string, to: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-backup-'));
    const [data, to] = [join(folder, 'data'), join(folder, 'to')];
    mkdirSync(to);
    const store = new SqliteStore({ dataDir: data });
    try {
      await store.open();
      await run(store, data, to);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true });
    }
  };

  test('the newest are kept, by the exact names of backups; other files stay', async () => {
    await inFolders(async (store, _, to) => {
      const own = numbers(3).map((day) => `holdfast-2020010${day + 1}T000000.000Z.db`);
      // The clock was ahead once: the newest by its name is not the newest.
      own.push('holdfast-29990101T000000.000Z.db');
      const others = [
        `${own[0]}.old`,
        `x${own[0]}`,
        'holdfast-20200101.db',
        'holdfast.db',
        'holdfast-20200101T000000.000Z.DB',
        'holdfast-20200101T000000.000Z.db.partial-walnut',
      ];
      for (const name of [...own, ...others]) writeFileSync(join(to, name), '');
      const notFiles = ['holdfast-20190101T000000.000Z.db', 'holdfast-20190102T000000.000Z.db'];
      mkdirSync(join(to, notFiles[0] ?? ''));
      symlinkSync(join(to, 'holdfast.db'), join(to, notFiles[1] ?? ''));
      others.push(...notFiles);
      const { path, removed } = await store.backup({ to, keep: 2 });
      assert.deepEqual(
        removed,
        own.slice(0, 3).map((name) => join(to, name)),
      );
      const left = [path, join(to, 'holdfast-29990101T000000.000Z.db'), ...others.map((name) => join(to, name))];
      assert.deepEqual(readdirSync(to).sort(), left.map((file) => file.slice(to.length + 1)).sort());
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.deepEqual((await store.backup({ to })).removed, [], 'without a number all are kept');
    });
  });

  test('a folder that is not there is refused, and not made', async () => {
    await inFolders(async (store, data, to) => {
      await assert.rejects(store.backup({ to: join(to, 'missing') }), { code: 'bad-folder' });
      await assert.rejects(store.backup({ to: join(data, 'holdfast.db') }), { code: 'bad-folder' });
      assert.deepEqual(readdirSync(to), []);
    });
  });

  test('what a killed process has left of a backup goes at the next start, or the next backup there', async () => {
    await inFolders(async (store, data, to) => {
      const name = 'holdfast-20200101T000000.000Z.db';
      const leave = (folder: string) => {
        for (const end of ['.partial', '.partial-journal', '.partial.mine'])
          writeFileSync(join(folder, name + end), 'x');
      };
      mkdirSync(join(data, 'backups'));
      leave(join(data, 'backups'));
      leave(to);
      await store.close();
      await store.open();
      assert.deepEqual(readdirSync(join(data, 'backups')), [`${name}.partial.mine`]);
      const { path } = await store.backup({ to });
      assert.ok(existsSync(path));
      assert.deepEqual(readdirSync(to).length, 2);
      assert.ok(existsSync(join(to, `${name}.partial.mine`)));
    });
  });
}

const [, , role, folder] = process.argv;
if (role === 'child' && folder !== undefined) await child(folder);
else declareTests();
