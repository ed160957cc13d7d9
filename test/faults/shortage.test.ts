import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

const scenario = join(import.meta.dirname, 'shortage.scenario.ts');
const diskBytes = 8 * 1024 * 1024;
const isLong = process.env['HOLDFAST_LONG'] === '1';
/** Each 4 KiB from nothing to where there is plenty; by default what the index of the WAL lacks, and what lies beside it. */
const frees = isLong ? Array.from({ length: 17 }, (_, index) => 4 * index) : [0, 28, 36];

/** Runs a command in a mount namespace of its own, where `folder` is a small file system that nobody else sees. */
function inPrivateMount(folder: string, command: readonly string[]): [string, string[]] {
  const script = `mount -t tmpfs -o size=${diskBytes} tmpfs "$0" && exec "$@"`;
  return ['unshare', ['--mount', 'sh', '-c', script, folder, ...command]];
}

const canMount = process.platform === 'linux' && spawnSync(...inPrivateMount('/mnt', ['true'])).status === 0;
const skip = canMount ? false : 'needs Linux, root and unshare, for a small file system that can be full';

it('what the disk lacks at the start or later is told as what it is, and never as damage', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-short-'));
  try {
    const command = [process.execPath, '--conditions=source', scenario, folder, ...frees.map(String)];
    const [program, args] = inPrivateMount(folder, command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, output);
    t.diagnostic(output.trim());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
