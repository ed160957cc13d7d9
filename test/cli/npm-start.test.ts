/** `npm start`: the wrapper that installs what is missing and runs the coordinator from its sources. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
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

/**
 * A project with our scripts and nothing installed, and a PATH on which `npm install` waits until it is told to go on.
 * Who starts it is the real npm.
 */
function uninstalled(t: TestContext, isStubborn: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-uninstalled-'));
  const at = (...names: string[]) => join(folder, ...names);
  for (const name of ['bin', 'scripts/lib', 'packages/server/src', 'packages/server/bin'])
    mkdirSync(at(name), { recursive: true });
  const scripts = ['scripts/start.mjs', 'scripts/lib/runtime.mjs', 'packages/server/bin/run-under.mjs'];
  for (const name of scripts) copyFileSync(join(root, name), at(name));
  writeFileSync(at('package.json'), '{"type":"module","scripts":{"start":"node scripts/start.mjs"}}');
  writeFileSync(at('package-lock.json'), '{}');
  writeFileSync(at('packages/server/src/cli.ts'), `import('node:fs').then((fs) => fs.writeFileSync('served', ''));`);
  symlinkSync(process.execPath, at('bin/node'));
  const install = `#!/bin/sh
${isStubborn ? "trap '' TERM" : ''}
echo $$ $PPID > pids.new && mv pids.new pids
while [ ! -e go ]; do sleep 0.02; done
`;
  writeFileSync(at('bin/npm'), install, { mode: 0o755 });
  const env = { ...cleanEnvironment(), PATH: `${at('bin')}:${process.env['PATH']}` };
  const npm = spawnSync('which', ['npm'], { encoding: 'utf8' }).stdout.trim();
  const starter = spawn(npm, ['start'], { cwd: folder, env, stdio: 'ignore', detached: true });
  t.after(() => {
    writeFileSync(at('go'), '');
    endGroup(starter.pid);
    rmSync(folder, { recursive: true, force: true });
  });
  return { at, starter };
}

for (const isStubborn of [false, true]) {
  const what = isStubborn ? 'that goes on' : 'that can be ended';
  test(`npm that is ended during an installation ${what} starts nothing afterwards`, async (t) => {
    const { at, starter } = uninstalled(t, isStubborn);
    await until('it installs', () => existsSync(at('pids')));
    const [install, wrapper] = readFileSync(at('pids'), 'utf8').trim().split(' ').map(Number);
    assert.ok(install && wrapper);
    starter.kill('SIGTERM');
    await until('npm has ended', () => starter.exitCode !== null || starter.signalCode !== null);
    // At the latest now it is done: nothing must follow.
    if (isStubborn) writeFileSync(at('go'), '');
    await until('the installation has ended', () => !isRunning(install));
    await until('whoever waited for it has ended', () => !isRunning(wrapper));
    assert.equal(existsSync(at('served')), false);
  });
}

test('what was missing is installed, and then started', async (t) => {
  const { at } = uninstalled(t, false);
  await until('it installs', () => existsSync(at('pids')));
  writeFileSync(at('go'), '');
  await until('it is started', () => existsSync(at('served')));
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended and that nobody has waited for is there, too.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whatever is left of a process that was started detached, and of its children. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}
