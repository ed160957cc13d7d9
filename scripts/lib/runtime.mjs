// Plain JavaScript for Node 20: it runs before anything is installed, under whatever Node the machine has.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  endWithParent,
  handSignalsOn,
  packagedNode,
  runUnder,
  watchParent,
} from '../../packages/server/bin/run-under.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const stampPath = join(root, 'node_modules', '.holdfast-installed');

/** Installs the dependencies if they are missing or older than the lockfile, and says so on stderr. */
export async function installWhatIsMissing() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted && existsSync(runtimePath())) return;
  endWithParent();
  console.error('holdfast: installing dependencies (npm install), this takes about a quarter of a minute');
  const windows = process.platform === 'win32';
  const install = spawn(
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
  // What is half installed is installed again by the next start: it has no stamp.
  const isDone = await endOf(install);
  endWithParent();
  if (!isDone) {
    console.error('holdfast: `npm install` failed; its messages are above. Nothing was started.');
    process.exit(1);
  }
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, wanted);
}

/** Whether a child has done what it should. A signal, or the end of our parent, ends it and this process: nothing is started. */
function endOf(child) {
  const stopHanding = handSignalsOn((signal) => {
    child.kill(signal);
    stopHanding();
    process.kill(process.pid, signal);
  });
  const stopWatching = watchParent(() => {
    child.kill('SIGTERM');
    process.exit(1);
  });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`holdfast: npm cannot be started: ${error.message}`);
      resolve(false);
    });
    child.on('exit', (code) => {
      stopHanding();
      stopWatching();
      resolve(code === 0);
    });
  });
}

/** The Node that the project runs on: the one npm installed for this platform, else the machine's own from 24 on. */
function runtimePath() {
  const { name, program } = packagedNode();
  const installed = join(root, 'node_modules', name, program);
  if (existsSync(installed)) return installed;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return installed;
}

/** Runs a TypeScript file of the project, hands signals on, and ends as it ends. Whoever kills this process with SIGKILL leaves the child behind. */
export function runWithRuntime(args) {
  const runtime = runtimePath();
  if (!existsSync(runtime)) {
    console.error(
      `holdfast: needs Node 24 or later, has ${process.versions.node}, and npm brings none for ${process.platform}-${process.arch}.\n` +
        'Install Node 24 or later and run the command again.',
    );
    process.exit(1);
  }
  runUnder(runtime, ['--conditions=source', ...args]);
}
