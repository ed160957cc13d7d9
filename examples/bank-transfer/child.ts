import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export interface ChildOptions {
  readonly name: string;
  /** A TypeScript file and its arguments. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Answers 200 once the child serves. */
  readonly readyUrl: string;
}

const startLimitMs = 30_000;
const running = new Set<ChildProcess>();

// Whatever ends this process, no child stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that can be killed without warning and started again, in the same place on the same port. */
export class Child {
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it serves. @throws Error with what it printed, where it ended or does not serve in time */
  async start(): Promise<void> {
    const { name, args, env, readyUrl } = this.#options;
    const child = spawn(process.execPath, ['--conditions=source', ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4000);
      });
    }
    const deadlineMs = performance.now() + startLimitMs;
    while (!(await isServing(readyUrl))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended:\n${this.#output}`);
      if (performance.now() > deadlineMs) throw new Error(`${name} does not serve ${readyUrl}:\n${this.#output}`);
      await pause(10);
    }
  }

  /** kill -9: it cannot say goodbye, write anything, or answer. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;
  }
}

async function isServing(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens yet: ask again.
    return false;
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/**
 * A port nobody uses now, for the child that is started on it again and again: below those the system gives out by
 * itself, so that no connection takes it while the child is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
