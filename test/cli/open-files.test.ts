/** `holdfast serve` where it may open few files. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const cli = join(import.meta.dirname, '../../packages/server/src/cli.ts');

test('too few to start: it ends with a sentence that says how many it needs', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [limit, told] of [
    [24, '(24|used up at the start)'],
    [40, '40'],
  ] as const) {
    const serve = [process.execPath, '--conditions=source', cli, 'serve', '--data-dir', join(folder, 'data')];
    const { status, stderr } = spawnSync('prlimit', [`--nofile=${limit}:${limit}`, ...serve], { encoding: 'utf8' });
    assert.match(
      stderr,
      new RegExp(
        `^holdfast: the limit of open files is ${told}\\. Holdfast needs 64 to start, and 26336 for all .*\\nRaise it: ulimit -n`,
      ),
    );
    assert.equal(status, 1);
  }
});
