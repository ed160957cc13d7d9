// Plain JavaScript for Node 20: it runs before anything is installed, under whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const stampPath = join(root, 'node_modules', '.holdfast-installed');

/** Installs the dependencies if they are missing or older than the lockfile, and says so on stderr. */
export function installWhatIsMissing() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted && existsSync(runtimePath())) return;
  console.error('holdfast: installing dependencies (npm install), this takes about a quarter of a minute');
  const windows = process.platform === 'win32';
  const done = spawnSync(
    windows ? 'npm.cmd' : 'npm',
    ['install', '--no-save', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      // What a command prints on stdout stays for programs.
      stdio: ['inherit', 2, 'inherit'],
      shell: windows,
      env: { ...process.env, NODE_ENV: 'development' },
    },
  );
  if (done.status !== 0) {
    console.error('holdfast: `npm install` failed; its messages are above. Nothing was started.');
    process.exit(1);
  }
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, wanted);
}

/** The Node that the project runs on: the one npm installed for this platform, else the machine's own from 24 on. */
function runtimePath() {
  const windows = process.platform === 'win32';
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`;
  const installed = join(root, 'node_modules', name, 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(installed)) return installed;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return installed;
}

/**
 * Runs a TypeScript file of the project, hands signals on, and ends as it ends. Whoever kills this process without a
 * signal it can hand on leaves the child behind; whoever ends npm, which ran it, does not.
 */
export function runWithRuntime(args) {
  const runtime = runtimePath();
  if (!existsSync(runtime)) {
    console.error(
      `holdfast: needs Node 24 or later, has ${process.versions.node}, and npm brings none for ${process.platform}-${process.arch}.\n` +
        'Install Node 24 or later and run the command again.',
    );
    process.exit(1);
  }
  const child = spawn(runtime, ['--conditions=source', ...args], { cwd: process.cwd(), stdio: 'inherit' });
  const handOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let isTold = false;
  const tell = (signal) => {
    isTold = true;
    child.kill(signal);
  };
  for (const signal of handOn) process.on(signal, () => tell(signal));
  if (process.env.npm_lifecycle_event !== undefined) watchParent(() => isTold || tell('SIGTERM'));
  child.on('error', (error) => {
    console.error(`holdfast: ${runtime} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    // A child that a signal ended: end by the same one, so that whoever waits sees the same.
    if (signal === null) process.exit(code ?? 1);
    for (const handled of handOn) process.removeAllListeners(handled);
    process.kill(process.pid, signal);
  });
}

/** npm runs a script in a shell, and hands a signal to that alone: it dies without a word, and we get another parent. */
function watchParent(onGone) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onGone();
  }, 250);
  watch.unref();
}
