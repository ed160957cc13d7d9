import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { freePort } from '../test/lib/free-port.ts';
import { pause } from './slice.ts';

const ownRoot = join(import.meta.dirname, '..');
const limitMs = 60_000;
const kibPerMib = 1024;
/** Of /proc, on every Linux that is in use. */
const ticksPerSecond = 100;

/**
 * Compiles and installs the coordinator as npm would, beside nothing of the project, so that no source can be taken by
 * mistake. Answers with the file to start.
 * @param root of the project that is compiled
 */
export function installCompiled(target: string, root = ownRoot): string {
  const modules = join(root, 'node_modules');
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

/** NaN where the system does not tell. */
export interface Usage {
  /** Resident now, and the most since the start, in MiB. */
  readonly residentMib: number;
  readonly peakMib: number;
  /** Processor time since the start, all threads. */
  readonly cpuMs: number;
}

/** A process of the compiled command line, `serve` with its defaults. */
export class CompiledCoordinator {
  readonly port: number;
  /** When it was started, and when it first answered that it serves: wall clock, in milliseconds. */
  readonly startedMs: number;
  readyMs = Number.NaN;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, startedMs: number) {
    this.#child = child;
    this.port = port;
    this.startedMs = startedMs;
  }

  /**
   * Resolves with its first 200.
   * @param place a data folder, or the address of a database
   * @throws Error where it ends instead, or does not serve
   */
  static async start(cli: string, place: string): Promise<CompiledCoordinator> {
    const port = await freePort();
    const flags = ['serve', '--http-port', String(port), '--grpc-port', '0', '--log-level', 'error'];
    const where = place.includes('://') ? { HOLDFAST_STORE_URL: place } : { HOLDFAST_DATA_DIR: place };
    const env = { ...process.env, HOLDFAST_SHUTDOWN_DRAIN_MS: '0', ...where };
    const startedMs = wallMs();
    const child = spawn(process.execPath, [cli, ...flags], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const coordinator = new CompiledCoordinator(child, port, startedMs);
    try {
      await coordinator.#ready();
    } catch (error) {
      await coordinator.end('SIGKILL');
      throw error;
    }
    return coordinator;
  }

  usage(): Usage {
    const status = this.#read('status');
    const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / kibPerMib;
    // After the name of the program, which may have blanks: user and system time are the 12th and 13th.
    const times = this.#read('stat').split(') ').at(-1)?.split(' ') ?? [];
    const cpuMs = (Number(times[11]) + Number(times[12])) * (1000 / ticksPerSecond);
    return { residentMib: mib('VmRSS'), peakMib: mib('VmHWM'), cpuMs };
  }

  /** @throws Error where it has ended by itself: what is measured then means nothing */
  check(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`the compiled coordinator ended with ${exitCode ?? signalCode}; see above`);
    }
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill(signal);
    await gone;
  }

  #read(name: string): string {
    const path = `/proc/${this.#child.pid}/${name}`;
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async #ready(): Promise<void> {
    while (!(await isServing(this.port))) {
      this.check();
      if (wallMs() - this.startedMs > limitMs) {
        throw new Error(`the compiled coordinator does not serve port ${this.port}`);
      }
      await pause(0.002);
    }
    this.readyMs = wallMs();
  }
}

/** With fractions, comparable between the processes of a run. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
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
