import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bound } from './bound.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const root = join(import.meta.dirname, '..', '..');

/** How the coordinator is run: from its sources, or as it is published (`npm run build` comes first). */
const commands = {
  source: ['--conditions=source', join(root, 'packages/server/src/cli.ts')],
  compiled: [join(root, 'packages/server/dist/cli.js')],
} as const;
const manyNodes = ['--conditions=source', join(import.meta.dirname, 'dev-nodes.ts')];

export interface CoordinatorOptions {
  /** Settings by variable, as HOLDFAST_RETRY_INTERVAL_MS. Ports and data folder are chosen, unless named here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default `serve`. */
  readonly command?: 'serve' | 'dev';
  /** More arguments of the command. */
  readonly args?: readonly string[];
  /** Default `source`. */
  readonly form?: keyof typeof commands;
  /** So many of them in one process, on one manual clock: with `dev`, on a shared store. */
  readonly nodes?: number;
  /** A program of the tests that takes the place of the command line. */
  readonly script?: string;
  /** Its limit of open files; default: that of the tests. Linux only. */
  readonly openFiles?: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A busy machine takes its time. */
const startLimitMs = 120_000;

const execute = promisify(execFile);
const running = new Set<ChildProcess>();

// Where the system does not end it with the tests: see bound.ts.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The real coordinator as a child process on a free port and a temporary folder; resolves once it is ready. */
export async function startCoordinator(options: CoordinatorOptions = {}): Promise<Coordinator> {
  const ports: Ports[] = [];
  for (let node = 0; node < (options.nodes ?? 1); node += 1) {
    ports.push({ http: await freePort(), grpc: await freePort() });
  }
  const coordinator = new Coordinator(await mkdtemp(join(tmpdir(), 'holdfast-')), ports, options);
  try {
    await coordinator.start();
  } catch (error) {
    await coordinator.stop();
    throw error;
  }
  return coordinator;
}

interface Ports {
  readonly http: number;
  readonly grpc: number;
}

export class Coordinator {
  /** Removed by `stop`. */
  readonly folder: string;
  /** The same over restarts. */
  readonly #ports: readonly Ports[];
  readonly #options: CoordinatorOptions;
  #child: ChildProcess | undefined;
  #urls: readonly string[] = [];
  #grpcAddresses: readonly string[] = [];
  #output = '';

  constructor(folder: string, ports: readonly Ports[], options: CoordinatorOptions) {
    this.folder = folder;
    this.#ports = ports;
    this.#options = options;
  }

  get url(): string {
    return this.#urls[0] ?? '';
  }

  /** Of each, where there are several in the process. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  /** Where gRPC is served, as `host:port`; empty where it is not. */
  get grpcAddress(): string {
    return this.#grpcAddresses[0] ?? '';
  }

  get grpcAddresses(): readonly string[] {
    return this.#grpcAddresses;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Whatever it printed, in all its lives, on both streams. */
  get logs(): string {
    return this.#output;
  }

  /** Starts it, again on the same folder and port. @throws Error with its output where it ends instead */
  async start(): Promise<void> {
    const begin = this.#output.length;
    const child = this.spawn();
    this.#child = child;
    await until(
      'the coordinator says where it listens and is ready',
      async () => {
        if (hasEnded(child))
          throw new Error(`the coordinator ended (${child.exitCode ?? child.signalCode}):\n${this.logs}`);
        const greeting = this.#output.slice(begin);
        const urls = [...greeting.matchAll(/^ {2}http +(\S+)/gm)].map(([, url = '']) => url);
        // The greeting may come in pieces; whether gRPC is served stands in the next line.
        const grpc = [...greeting.matchAll(/^ {2}grpc +(\S+).*\n/gm)].map(([, address = '']) => address);
        if (urls.length < this.#ports.length || grpc.length < this.#ports.length) return false;
        this.#urls = urls;
        this.#grpcAddresses = grpc.map((address) => (/:\d+$/.test(address) ? address : ''));
        return (await Promise.all(urls.map(isReady))).every((ready) => ready);
      },
      startLimitMs,
    );
  }

  /** Sends a signal and resolves when the process has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    const child = this.#child;
    if (child === undefined) return { code: null, signal: null };
    const ended = this.ended();
    if (!hasEnded(child)) child.kill(signal);
    return ended;
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<Ended> {
    const child = this.#child;
    if (child !== undefined && !hasEnded(child))
      await new Promise<void>((resolve) => child.once('close', () => resolve()));
    return { code: child?.exitCode ?? null, signal: child?.signalCode ?? null };
  }

  /** kill -9, unless another signal is named, and a new start. */
  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  /** Ends it without ceremony and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs another command of the same program against it, `backup` for example. @throws Error where it fails */
  async command(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    return this.commandWith({}, ...args);
  }

  /** As `command`, with more settings by variable. */
  async commandWith(
    settings: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<{ stdout: string; stderr: string }> {
    const env = { ...cleanEnvironment(), HOLDFAST_HTTP_PORT: new URL(this.url).port, ...settings };
    return execute(process.execPath, [...commands[this.#options.form ?? 'source'], ...args], { env });
  }

  /** The process alone, for whoever expects it to end; `start` waits until it serves. */
  spawn(): ChildProcess {
    const { form = 'source', command = 'serve', args = [], settings, openFiles, nodes, script } = this.#options;
    const [first] = this.#ports;
    const env = {
      ...cleanEnvironment(),
      HOLDFAST_HTTP_PORT: String(first?.http),
      HOLDFAST_GRPC_PORT: String(first?.grpc),
      HOLDFAST_DATA_DIR: join(this.folder, 'data'),
      ...settings,
    };
    const limited = openFiles === undefined ? [] : ['prlimit', `--nofile=${openFiles}:${openFiles}`];
    const ports = this.#ports.map(({ http, grpc }) => `${http}:${grpc}`);
    const usual = nodes === undefined ? [...commands[form], command, ...args] : [...manyNodes, ...ports];
    const words = script === undefined ? usual : ['--conditions=source', script, ...args];
    const [program = '', ...rest] = [...limited, process.execPath, ...words];
    const child = spawn(...bound(program, rest), {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    return child;
  }
}

/** The environment without settings of Holdfast, which would reach into the tests. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')));
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
