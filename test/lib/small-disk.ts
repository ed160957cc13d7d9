/** Scenarios that run where a folder is a small file system that nobody else sees. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const diskBytes = 8 * 1024 * 1024;

/** Runs a command in a mount namespace of its own. */
function inPrivateMount(folder: string, command: readonly string[]): [string, string[]] {
  const script = `mount -t tmpfs -o size=${diskBytes} tmpfs "$0" && exec "$@"`;
  return ['unshare', ['--mount', 'sh', '-c', script, folder, ...command]];
}

const canMount = process.platform === 'linux' && spawnSync(...inPrivateMount('/mnt', ['true'])).status === 0;

/** Why there is none here, or false: the `skip` of a test. */
export const noSmallDisk = canMount ? false : 'needs Linux, root and unshare, for a small file system that can be full';

/**
 * Runs `scenario FOLDER ...rest` where FOLDER is the small disk, and resolves with what it said.
 * @throws AssertionError with what it said, where it does not end with 0
 */
export async function runOnSmallDisk(scenario: string, ...rest: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-small-disk-'));
  try {
    const [program, args] = inPrivateMount(folder, [
      process.execPath,
      '--conditions=source',
      scenario,
      folder,
      ...rest,
    ]);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, output);
    return output.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
