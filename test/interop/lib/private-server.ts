import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../lib/free-port.ts';
import { until } from '../../lib/until.ts';

const execute = promisify(execFile);
const running = new Set<ChildProcess>();

// Whatever ends the tests, no server stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Databases refuse to run as root. */
function unprivileged(): User {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })));
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}

/** A database server of the tests' own: on a free port of the loopback address, with a temporary folder. */
export class PrivateServer {
  readonly name: string;
  readonly port: number;
  /** Removed by `stop`. */
  readonly folder: string;
  readonly #user: User;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(name: string, folder: string, port: number, user: User) {
    this.name = name;
    this.folder = folder;
    this.port = port;
    this.#user = user;
  }

  static async create(name: string): Promise<PrivateServer> {
    const folder = await mkdtemp(join(tmpdir(), `holdfast-${name.toLowerCase()}-`));
    await chmod(folder, 0o700);
    const user = unprivileged();
    if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
    return new PrivateServer(name, folder, await freePort(), user);
  }

  /** MariaDB removes what it takes for its own old temporary tables from there, so no two may share it. */
  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, TMPDIR: this.folder };
  }

  /** Runs a program that makes something ready in the folder. @throws Error with what it says */
  async prepare(command: string, args: readonly string[]): Promise<void> {
    await execute(command, args, { ...this.#user, cwd: this.folder, env: this.#environment });
  }

  /** Resolves once the server prints that it is ready. @throws Error with its output where it ends instead */
  async start(command: string, args: readonly string[], ready: string): Promise<void> {
    const child = spawn(command, args, {
      ...this.#user,
      cwd: this.folder,
      env: this.#environment,
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
    await until(`${this.name} is ready`, () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${this.name} ended:\n${this.#output}`);
      return this.#output.includes(ready);
    });
  }

  /** What a client of it prints, line by line. @throws Error with what the client says */
  async ask(client: string, args: readonly string[]): Promise<string[]> {
    const { stdout } = await execute(client, args);
    return stdout === '' ? [] : stdout.trimEnd().split('\n');
  }

  /** Ends it without ceremony and removes its folder. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
      child.kill('SIGKILL');
      await closed;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Starts what a class makes of a new server, and leaves nothing behind where that fails. */
export async function startPrivate<T>(name: string, start: (server: PrivateServer) => Promise<T>): Promise<T> {
  const server = await PrivateServer.create(name);
  try {
    return await start(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}
