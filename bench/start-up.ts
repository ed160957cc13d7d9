import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pause } from './slice.ts';
import { type Spread, spread } from './statistics.ts';

export interface StartUp {
  /** From exec of the compiled CLI to the first 200 of its health route. */
  readonly firstAnswerMs: Spread;
  /** Resident memory shortly after the start; NaN where the system does not tell. */
  readonly idleMib: number;
}

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');
const limitMs = 30_000;
const idleSeconds = 1;
const statmPageBytes = 4096;

/** Compiles and installs the coordinator as it is published, then starts it again and again on one data folder. */
export async function measureStartUp(folder: string, repetitions: number): Promise<StartUp> {
  const cli = install(join(folder, 'installed', 'node_modules'));
  const times: number[] = [];
  let idleMib = Number.NaN;
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const port = await freePort();
    const startedMs = performance.now();
    const child = start(cli, join(folder, 'start-up'), port);
    try {
      await firstAnswer(child, port);
      times.push(performance.now() - startedMs);
      if (repetition === 0) {
        await pause(idleSeconds);
        idleMib = residentMib(child.pid ?? 0);
      }
    } finally {
      await end(child);
    }
  }
  return { firstAnswerMs: spread(times), idleMib };
}

/** As npm would install it, beside nothing of the project, so that no source can be taken by mistake. */
function install(target: string): string {
  const ours = { 'packages/core': '@holdfast/core', 'packages/server': 'holdfast' };
  for (const [path, name] of Object.entries(ours)) {
    const from = join(root, path);
    const to = join(target, name);
    const flags = ['--outDir', join(to, 'dist'), '--noCheck', '--composite', 'false', '--tsBuildInfoFile', 'null'];
    const tsc = join(modules, '.bin', 'tsc');
    const { status, stdout } = spawnSync(tsc, ['-p', from, ...flags], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${path} does not compile:\n${stdout}`);
    cpSync(join(from, 'package.json'), join(to, 'package.json'));
  }
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(target, 'holdfast', 'package.json'), 'utf8'),
  );
  for (const name of Object.keys(manifest.dependencies)) {
    if (name.startsWith('@holdfast/')) continue;
    mkdirSync(dirname(join(target, name)), { recursive: true });
    symlinkSync(join(modules, name), join(target, name));
  }
  return join(target, 'holdfast', 'dist', 'cli.js');
}

function start(cli: string, dataFolder: string, port: number): ChildProcess {
  const flags = [
    'serve',
    '--http-port',
    String(port),
    '--grpc-port',
    '0',
    '--data-dir',
    dataFolder,
    '--log-level',
    'error',
  ];
  const env = { ...process.env, HOLDFAST_SHUTDOWN_DRAIN_MS: '0' };
  return spawn(process.execPath, [cli, ...flags], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function firstAnswer(child: ChildProcess, port: number): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!(await isServing(port))) {
    if (child.exitCode !== null) throw new Error(`the compiled coordinator ended with ${child.exitCode}; see above`);
    if (performance.now() > deadlineMs) throw new Error(`the compiled coordinator does not serve port ${port}`);
    await pause(0.002);
  }
}

function isServing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', path: '/readyz', agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    // Nobody listens yet.
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await gone;
}

function residentMib(pid: number): number {
  const path = `/proc/${pid}/statm`;
  if (!existsSync(path)) return Number.NaN;
  const pages = Number(readFileSync(path, 'utf8').split(' ')[1]);
  return (pages * statmPageBytes) / 1024 / 1024;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
