import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bound, type User } from '../bound.ts';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';
import type { FakeClock } from './fake-clock.ts';
import { ProcessTree } from './process-tree.ts';

const execute = promisify(execFile);
const running = new Set<ProcessTree>();

// Where the system does not end it with the tests: see bound.ts.
process.on('exit', () => {
  for (const tree of running) tree.signal('SIGKILL');
});

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Where a server is: a port of the loopback address, and a temporary folder of its own. */
export interface Place {
  readonly port: number;
  readonly folder: string;
}

/** How a program is run as a server. */
export interface ServerKind {
  readonly name: string;
  /** Files of its folder, by name. */
  readonly files?: (place: Place) => Readonly<Record<string, string>>;
  /** Makes its data, once. */
  readonly install?: (place: Place) => Command;
  readonly serve: (place: Place) => Command;
  /** What it prints when it serves. */
  readonly ready: string;
  /** The signal by which it ends in order and waits for nobody. Default: SIGTERM. */
  readonly endSignal?: NodeJS.Signals;
  /** Its own client: tells it these words, prints the answer and ends. */
  readonly client: (place: Place, words: readonly string[]) => Command;
}

/** What every database of the tests can be told. */
export interface ServerOptions {
  /** Whether a commit waits for the disk. Default: no, that is faster; a kill of the server loses nothing either way. */
  readonly syncs?: boolean;
  /** The server's own settings, by its own names. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Its clock, which can be set. Default: that of the machine. */
  readonly clock?: FakeClock;
}

/**
 * A server of the tests' own: on a free port of the loopback address, with a temporary folder, under a user without
 * rights (databases refuse to run as root). It ends with the process that started it, also where that one is killed.
 */
export class PrivateServer {
  readonly port: number;
  /** Removed by `stop`. */
  readonly folder: string;
  readonly #kind: ServerKind;
  readonly #user: User;
  #tree: ProcessTree | undefined;
  #output = '';

  private constructor(kind: ServerKind, { port, folder }: Place, user: User) {
    this.#kind = kind;
    this.port = port;
    this.folder = folder;
    this.#user = user;
  }

  /** Makes its data and starts it. What fails leaves nothing behind. */
  static async start(kind: ServerKind): Promise<PrivateServer> {
    const user = unprivileged();
    const server = new PrivateServer(kind, { port: await freePort(), folder: await folderOf(kind, user) }, user);
    try {
      await server.#prepare();
      await server.#serve();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The number of its first process, while it runs. */
  get pid(): number | undefined {
    return this.#tree?.pid;
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** What its own client prints, line by line. @throws Error with what the client says */
  async ask(...words: readonly string[]): Promise<string[]> {
    const { program, args } = this.#kind.client(this, words);
    const { stdout } = await execute(program, args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n');
  }

  /** Of databases that speak SQL: runs statements, and answers the rows of all of them as text. */
  async sql(statements: string): Promise<string[][]> {
    return (await this.ask(statements)).map((line) => line.split('\t'));
  }

  /** Ends it by SIGKILL, with all its processes. Its data stay. */
  kill(): Promise<void> {
    return this.#endBy('SIGKILL');
  }

  /** Ends it in order. Its data stay. */
  end(): Promise<void> {
    return this.#endBy(this.#kind.endSignal ?? 'SIGTERM');
  }

  /** All its processes stand still, and its connections stay open. */
  pause(): void {
    this.#tree?.signal('SIGSTOP');
  }

  resume(): void {
    this.#tree?.signal('SIGCONT');
  }

  /** Starts it again with its data on its port; first ends it, in order, where it runs. */
  async restart(): Promise<void> {
    await this.end();
    await this.#serve();
  }

  /** Ends it without ceremony, for good. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    for (const [name, content] of Object.entries(this.#kind.files?.(this) ?? {})) {
      const path = join(this.folder, name);
      await writeFile(path, content);
      await chown(path, this.#user.uid, this.#user.gid);
    }
    if (this.#kind.install === undefined) return;
    await execute(...this.#bound(this.#kind.install(this)), { cwd: this.folder, env: this.#environment });
  }

  async #serve(): Promise<void> {
    const child = spawn(...this.#bound(this.#kind.serve(this)), {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const tree = new ProcessTree(child);
    this.#tree = tree;
    running.add(tree);
    child.once('exit', () => running.delete(tree));
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        this.#output += chunk.toString();
      });
    }
    child.once('error', (error) => {
      printed += String(error);
    });
    await until(
      `${this.#kind.name} is ready`,
      () => {
        if (!tree.isRunning) throw new Error(`${this.#kind.name} ended:\n${printed}`);
        return printed.includes(this.#kind.ready);
      },
      startLimitMs,
    );
  }

  async #endBy(signal: NodeJS.Signals): Promise<void> {
    const tree = this.#tree;
    if (tree === undefined) return;
    this.#tree = undefined;
    await tree.end(signal);
  }

  #bound({ program, args }: Command): [string, string[]] {
    return bound(program, args, this.#user.uid === me.uid ? undefined : this.#user);
  }

  /** MariaDB removes what it takes for its own old temporary tables from there, so no two may share it. */
  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, TMPDIR: this.folder };
  }
}

/** A busy machine takes its time. */
const startLimitMs = 60_000;

const me: User = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

function unprivileged(): User {
  if (me.uid !== 0) return me;
  const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  );
  return { uid, gid };
}

async function folderOf({ name }: ServerKind, { uid, gid }: User): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `holdfast-${name.toLowerCase().replaceAll(' ', '-')}-`));
  await chmod(folder, 0o700);
  if (uid !== me.uid) await chown(folder, uid, gid);
  return folder;
}
