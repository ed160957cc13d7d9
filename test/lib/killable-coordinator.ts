import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

const cli = join(import.meta.dirname, '..', '..', 'packages', 'server', 'src', 'cli.ts');
const running = new Set<ChildProcess>();

// Whatever ends the tests, no coordinator stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface KillableOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The data folder is a file system of its own with this much room, in a mount namespace of its own. */
  readonly dataBytes?: number;
}

/** The real coordinator as a process that is started, killed and started again, on one folder and one port. */
export class KillableCoordinator {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #options: KillableOptions;
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(folder: string, port: number, options: KillableOptions) {
    this.url = `http://127.0.0.1:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#options = options;
  }

  static async create(options: KillableOptions = {}): Promise<KillableCoordinator> {
    return new KillableCoordinator(await mkdtemp(join(tmpdir(), 'holdfast-faults-')), await freePort(), options);
  }

  /** The last of what all its lives printed. */
  get output(): string {
    return this.#output;
  }

  /** The data folder, by a path that leads into the process's own mounts. */
  get dataFolder(): string {
    const inside = this.#options.dataBytes === undefined ? '' : `/proc/${this.#process?.pid}/root`;
    return inside + this.#folder;
  }

  /** Resolves when it is ready. @throws Error with its output where it ends before, or was killed */
  async start(): Promise<void> {
    const child = this.#spawn();
    this.#process = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-6000);
      });
    }
    await until('the coordinator is ready', async () => {
      if (hasEnded(child)) throw new Error(`the coordinator ended (${child.exitCode ?? child.signalCode})`);
      return isReady(this.url);
    });
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** Asks it to end. Resolves with its exit code. */
  async terminate(): Promise<number | null> {
    await this.#signal('SIGTERM');
    return this.#process?.exitCode ?? null;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || hasEnded(child)) return Promise.resolve();
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    return gone;
  }

  #spawn(): ChildProcess {
    const args = ['--conditions=source', cli, 'serve'];
    const env = {
      ...process.env,
      HOLDFAST_HTTP_HOST: '127.0.0.1',
      HOLDFAST_HTTP_PORT: String(this.#port),
      HOLDFAST_DATA_DIR: this.#folder,
      HOLDFAST_LOG_LEVEL: 'warn',
      ...this.#options.env,
    };
    const { dataBytes } = this.#options;
    if (dataBytes === undefined) return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    // Each step replaces the one before, so that the process id is the coordinator's.
    const script = `mount -t tmpfs -o size=${dataBytes} tmpfs "$0" && exec "$@"`;
    return spawn('unshare', ['--mount', 'sh', '-c', script, this.#folder, process.execPath, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** Whether this machine lets the tests mount a small file system where nobody else sees it. */
export function canMountPrivately(): boolean {
  if (process.platform !== 'linux') return false;
  const script = 'mount -t tmpfs -o size=4096 tmpfs /mnt';
  return spawnSync('unshare', ['--mount', 'sh', '-c', script], { stdio: 'ignore' }).status === 0;
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

/** A port that nobody uses now; it is taken again and again by one coordinator after the other. */
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
