import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { until } from '../../lib/until.ts';

/** A program that serves a bank and starts its transfers, in the language of an SDK. */
export interface BankOptions {
  readonly command: string;
  /** Serves the branches, and prints a line `bank URL` when it does. */
  readonly serveArgs: readonly string[];
  /** Starts one transfer, as its own arguments tell. */
  readonly startArgs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What an SDK told its caller; absent where the process died before. */
export interface Said {
  readonly returned?: unknown;
  readonly raised?: string;
  readonly text?: string;
}

/** What an initiator did. It prints {"gid"} before it starts, and what the SDK said at the end. */
export interface Started {
  readonly gid: string;
  readonly said: Said;
  readonly exitCode: number | null;
  readonly errors: string;
}

const runLimitMs = 30_000;

/** The bank's processes: a service that stays, and an initiator for each transfer. */
export class Bank {
  readonly #options: BankOptions;
  #child: ChildProcess | undefined;
  #url = '';
  #output = '';

  constructor(options: BankOptions) {
    this.#options = options;
  }

  /** What the service printed. */
  get logs(): string {
    return this.#output;
  }

  get url(): string {
    return this.#url;
  }

  async serve(): Promise<void> {
    const child = spawn(this.#options.command, this.#options.serveArgs, {
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    process.on('exit', () => child.kill('SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    await until('the bank says where it listens', () => {
      if (child.exitCode !== null) throw new Error(`the bank ended:\n${this.#output}`);
      this.#url = /^bank (http\S+)$/m.exec(this.#output)?.[1] ?? '';
      return this.#url !== '';
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGKILL');
    await closed;
  }

  /** Runs an initiator to its end. @throws Error with what it printed where it did not even name its transaction */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Started> {
    const { command, startArgs } = this.#options;
    return new Promise((resolve, reject) => {
      const limits = { env: { ...this.#environment(), ...environment }, timeout: runLimitMs };
      const child = execFile(command, [...startArgs, ...args], limits, (_error, stdout, stderr) => {
        const [named, said = '{}'] = stdout.split('\n').filter((line) => line !== '');
        if (named === undefined) reject(new Error(`the initiator named no transaction:\n${stderr}`));
        else resolve({ gid: JSON.parse(named).gid, said: JSON.parse(said), exitCode: child.exitCode, errors: stderr });
      });
    });
  }

  #environment(): NodeJS.ProcessEnv {
    const grpc = /^grpc (\S+)$/m.exec(this.#output)?.[1] ?? '';
    // No proxy stands before the loopback address.
    return { ...process.env, NO_PROXY: '*', BANK: this.#url, BANK_GRPC: grpc, ...this.#options.environment };
  }
}
