import { fdatasync, openSync, writeSync } from 'node:fs';

interface Entry {
  readonly line: string;
  readonly durable: () => void;
}

/** Lines appended to one file and made durable together: one sync at a time, whatever waits goes with the next. */
export class GroupLog {
  readonly #file: number;
  #waiting: Entry[] = [];
  #isSyncing = false;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  append(line: string, durable: () => void): void {
    this.#waiting.push({ line, durable });
    if (!this.#isSyncing) this.#sync();
  }

  #sync(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#isSyncing = true;
    writeSync(this.#file, group.map(({ line }) => line).join(''), null, 'latin1');
    fdatasync(this.#file, (error) => {
      if (error !== null) throw error;
      this.#isSyncing = false;
      if (this.#waiting.length > 0) this.#sync();
      for (const { durable } of group) durable();
    });
  }
}
