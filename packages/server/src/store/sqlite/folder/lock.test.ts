import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderLock } from './lock.ts';

/** This file is also the process that meets a lock file which it cannot write. */
async function child(path: string): Promise<void> {
  await assert.rejects(FolderLock.take(path, 'x'), { code: /EROFS|EACCES/ });
}

function declareTests(): void {
  const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;
  const skip = canMount ? false : 'needs the right to mount (unshare -m)';

  test('a lock file that cannot be written is no lock', { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-'));
    try {
      const path = join(folder, 'holdfast.lock');
      writeFileSync(path, '');
      const mounts = `mount --bind ${path} ${path} && mount -o remount,bind,ro ${path}`;
      const run = `${mounts} && exec ${process.execPath} --conditions=source ${import.meta.filename} child ${path}`;
      const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', run], { encoding: 'utf8' });
      assert.equal(status, 0, `${stdout}${stderr}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

const [, , role, path] = process.argv;
if (role === 'child' && path !== undefined) await child(path);
else declareTests();
