import { renameSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The clock of a server, which a test sets while it runs (libfaketime, Debian's `faketime`). Its monotonic clock is the
 * machine's: servers count delays by it.
 */
export class FakeClock {
  readonly #library: string;
  readonly #folder: string;

  private constructor(library: string, folder: string) {
    this.#library = library;
    this.#folder = folder;
  }

  static async start(library: string, aheadSeconds = 0): Promise<FakeClock> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-clock-'));
    // The server runs as another user.
    await chmod(folder, 0o755);
    const clock = new FakeClock(library, folder);
    clock.set(aheadSeconds);
    return clock;
  }

  /** So far ahead of the clock of the machine; less than 0: behind. */
  set(aheadSeconds: number): void {
    const next = `${this.#file}.next`;
    writeFileSync(next, `${aheadSeconds < 0 ? '-' : '+'}${Math.abs(aheadSeconds)}\n`);
    // A server that reads a file that is just being written takes it for no offset at all.
    renameSync(next, this.#file);
  }

  /** The command with this clock. What runs before it, as another user, must not have it: they would share memory. */
  around(program: string, args: readonly string[]): { readonly program: string; readonly args: readonly string[] } {
    const environment = {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    return {
      program: 'env',
      args: [...Object.entries(environment).map(([name, value]) => `${name}=${value}`), program, ...args],
    };
  }

  async stop(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#folder, 'ahead');
  }
}
