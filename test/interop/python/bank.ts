import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../../lib/until.ts';

export interface BankOptions {
  /** With the SDK installed. */
  readonly python: string;
  readonly coordinatorUrl: string;
  readonly databasePort: number;
}

/** What the SDK told its caller; absent where the process died before. */
export interface Said {
  readonly returned?: unknown;
  readonly raised?: string;
  readonly text?: string;
}

export interface Transfer {
  readonly payer: string;
  readonly payee: string;
  readonly amount: number;
  readonly gid?: string;
  /** The first call of each branch is done and not answered. */
  readonly losesAnswers?: boolean;
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

  async start(): Promise<void> {
    const child = spawn(this.#options.python, [program('bank.py')], {
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
  transfer(kind: string, { payer, payee, amount, gid, losesAnswers }: Transfer): Promise<{ gid: string; said: Said }> {
    const options = [...(gid === undefined ? [] : ['--gid', gid]), ...(losesAnswers ? ['--lose-answer'] : [])];
    const args = [program('initiator.py'), kind, payer, payee, String(amount), ...options];
    return new Promise((resolve, reject) => {
      const limits = { env: this.#environment(), timeout: runLimitMs };
      execFile(this.#options.python, args, limits, (_error, stdout, stderr) => {
        const [named, said = '{}'] = stdout.split('\n').filter((line) => line !== '');
        if (named === undefined) reject(new Error(`the initiator named no transaction:\n${stderr}`));
        else resolve({ gid: JSON.parse(named).gid, said: JSON.parse(said) });
      });
    });
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      // No proxy stands before the loopback address, and no bytecode is written into the checkout.
      NO_PROXY: '*',
      PYTHONDONTWRITEBYTECODE: '1',
      COORDINATOR: this.#options.coordinatorUrl,
      DATABASE_PORT: String(this.#options.databasePort),
      BANK: this.#url,
    };
  }
}

function program(name: string): string {
  return join(import.meta.dirname, name);
}
