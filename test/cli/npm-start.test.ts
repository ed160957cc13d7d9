/** `npm start`: the wrapper that installs what is missing and runs the coordinator from its sources. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanEnvironment } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

const root = join(import.meta.dirname, '..', '..');
const wrapper = join(root, 'scripts', 'start.mjs');

test('passes flags on, hands a signal on, and ends as the coordinator ends', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
  const flags = ['--http-port', '0', '--grpc-port', '0', '--data-dir', folder];
  const child = spawn(process.execPath, [wrapper, ...flags], { cwd: root, env: cleanEnvironment() });
  t.after(async () => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const closed = once(child, 'close');
  await until('it is ready', () => {
    assert.equal(child.exitCode, null, output);
    return output.includes('ready after');
  });
  assert.ok(output.includes(`sqlite in ${folder}`), output);
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
  assert.match(output, /holdfast: stopped/);
});

test('stops the coordinator when npm is ended, whose shell hands no signal on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
  // Two commands, so that no shell puts the last one in its own place.
  const script = `"$NODE" "${wrapper}" --http-port 0 --grpc-port 0 --data-dir "${folder}"; exit $?`;
  const shell = spawn('sh', ['-c', script], {
    cwd: root,
    env: { ...cleanEnvironment(), NODE: process.execPath, npm_lifecycle_event: 'start' },
    detached: true,
  });
  t.after(() => {
    endGroup(shell.pid);
    rmSync(folder, { recursive: true, force: true });
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await until('it is ready', () => {
    assert.equal(shell.exitCode, null, output);
    return output.includes('ready after');
  });
  shell.kill('SIGTERM');
  await until('it has stopped', () => output.includes('holdfast: stopped'));
});

test('ends with the exit code of the coordinator', () => {
  const { status, stderr } = spawnSync(process.execPath, [wrapper, '--http-port', 'none'], {
    cwd: root,
    env: cleanEnvironment(),
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /--http-port: http\.port: "none" is not allowed/);
});

/** Whatever is left of a process that was started detached, and of its children. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}
