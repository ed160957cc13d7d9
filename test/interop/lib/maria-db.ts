import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MariaDbPrograms } from '../../../scripts/lib/toolchains.ts';
import { until } from '../../lib/until.ts';
import { freePort } from './free-port.ts';

const execute = promisify(execFile);
const running = new Set<ChildProcess>();

// Whatever ends the tests, no server stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The server refuses to run as root. */
const user = process.getuid?.() === 0 ? ['--user=nobody'] : [];

/** A private MariaDB on a free port of the loopback address, with a temporary folder; `root` needs no password. */
export class MariaDb {
  readonly port: number;
  readonly #programs: MariaDbPrograms;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(programs: MariaDbPrograms, folder: string, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.port = port;
  }

  /** Resolves once it takes connections. @throws Error with its output where it ends instead */
  static async start(programs: MariaDbPrograms): Promise<MariaDb> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-mariadb-'));
    // The server's own user must come through to the folders inside.
    await chmod(folder, 0o755);
    const database = new MariaDb(programs, folder, await freePort());
    try {
      await database.#start();
    } catch (error) {
      await database.stop();
      throw error;
    }
    return database;
  }

  /** Runs statements, and answers the rows of all of them as text. @throws Error with what the server says */
  async sql(statements: string): Promise<string[][]> {
    const connection = ['--no-defaults', '--host=127.0.0.1', `--port=${this.port}`, '--user=root'];
    const { stdout } = await execute(this.#programs.client, [
      ...connection,
      '--batch',
      '--skip-column-names',
      `--execute=${statements}`,
    ]);
    return stdout === ''
      ? []
      : stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t'));
  }

  /** Ends it without ceremony and removes its folder. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
      child.kill('SIGKILL');
      await closed;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const data = join(this.#folder, 'data');
    const common = ['--no-defaults', ...user, `--datadir=${data}`];
    await execute(this.#programs.install, [...common, '--auth-root-authentication-method=normal', '--skip-test-db']);
    const own = [`--port=${this.port}`, '--bind-address=127.0.0.1', `--socket=${join(data, 'socket')}`];
    const child = spawn(this.#programs.server, [...common, ...own, `--pid-file=${join(data, 'pid')}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    await until('MariaDB is ready for connections', () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`MariaDB ended:\n${this.#output}`);
      return this.#output.includes('ready for connections');
    });
  }
}
