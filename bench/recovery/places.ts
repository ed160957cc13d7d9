import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { settleDisk } from '../machine.ts';
import { type Database, type StoreKind, startDatabase } from '../stores.ts';

/**
 * Where transactions are kept: what a crash has left is saved once, and each recovery begins with a copy of it. A database
 * is saved with its whole server, which is ended for that.
 */
export class Places {
  readonly #folder: string;
  readonly #database: Database | undefined;
  #copies = 0;

  private constructor(folder: string, database: Database | undefined) {
    this.#folder = folder;
    this.#database = database;
  }

  static async start(store: StoreKind, folder: string): Promise<Places> {
    const places = new Places(folder, store === 'sqlite' ? undefined : await startDatabase(store));
    if (places.#database !== undefined) await places.#save('nothing');
    return places;
  }

  /** What the database is, where there is one. */
  get name(): string | undefined {
    return this.#database?.name;
  }

  /** A new place, saved under that name once it was used. */
  async saved<T>(name: string, use: (place: string) => Promise<T>): Promise<T> {
    if (this.#database === undefined) return use(join(this.#folder, name));
    await this.#restore('nothing');
    const result = await use(this.#database.url);
    await this.#save(name);
    return result;
  }

  /** A copy of what was saved; undefined: nothing is there. */
  async copied<T>(name: string | undefined, use: (place: string) => Promise<T>): Promise<T> {
    if (this.#database !== undefined) {
      await this.#restore(name ?? 'nothing');
      settleDisk();
      return use(this.#database.url);
    }
    this.#copies += 1;
    const place = join(this.#folder, `data-${this.#copies}`);
    if (name !== undefined) copy(join(this.#folder, name), place);
    settleDisk();
    try {
      return await use(place);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  }

  async end(): Promise<void> {
    await this.#database?.server.stop();
  }

  async #save(name: string): Promise<void> {
    await this.#withEndedServer((data) => copy(data, join(this.#folder, name)));
  }

  async #restore(name: string): Promise<void> {
    await this.#withEndedServer((data) => {
      rmSync(data, { recursive: true, force: true });
      copy(join(this.#folder, name), data);
    });
  }

  async #withEndedServer(act: (data: string) => void): Promise<void> {
    if (this.#database === undefined) return;
    const { server } = this.#database;
    await server.end();
    act(join(server.folder, 'data'));
    await server.restart();
  }
}

/** Files keep their owner, as servers insist. */
function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${from} cannot be copied: ${stderr}`);
}
