/** What waits to be written. */
export interface Queued {
  readonly write: { readonly gid: string };
  readonly bytes: number;
  /** The next write of the same gid: it waits until this one has ended. The queue's own; undefined at first. */
  behind: this | undefined;
}

/** At most so much of it at once. */
export interface TakeLimits {
  readonly rows: number;
  /** One larger write goes alone. */
  readonly bytes: number;
}

/**
 * Writes in the order in which they came, taken in batches. Of each gid at most one write is under way, from when it is
 * taken until it has ended, so that any number of batches may be. Of each gid only the first stands in the queue: a batch
 * costs what is in it, however much waits.
 */
export class WriteQueue<Entry extends Queued> {
  #entries: Entry[] = [];
  /** How many of `#entries` were taken already. */
  #taken = 0;
  /** The next writes of the gids whose last one has ended: they came before most of the rest. */
  #next: Entry[] = [];
  /** Of each gid that waits or is under way. */
  readonly #last = new Map<string, Entry>();
  readonly #underWay = new Set<Entry>();

  /** How many could be taken now: what waits behind another write of its gid could not. */
  get ready(): number {
    return this.#next.length + this.#entries.length - this.#taken;
  }

  add(entry: Entry): void {
    const last = this.#last.get(entry.write.gid);
    this.#last.set(entry.write.gid, entry);
    if (last === undefined) this.#entries.push(entry);
    else last.behind = entry;
  }

  /** From now on they are under way. */
  take({ rows, bytes: most }: TakeLimits): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    const fits = (entry: Entry | undefined): entry is Entry =>
      entry !== undefined && batch.length < rows && (batch.length === 0 || bytes + entry.bytes <= most);
    const add = (entry: Entry) => {
      batch.push(entry);
      bytes += entry.bytes;
      this.#underWay.add(entry);
    };
    let resumed = 0;
    for (let entry = this.#next[0]; fits(entry); entry = this.#next[resumed]) {
      resumed += 1;
      add(entry);
    }
    if (resumed === this.#next.length) {
      for (let entry = this.#entries[this.#taken]; fits(entry); entry = this.#entries[this.#taken]) {
        this.#taken += 1;
        add(entry);
      }
    }
    this.#next.splice(0, resumed);
    this.#forgetTaken();
    return batch;
  }

  /** One that was taken is not under way any more: the next of its gid may be taken. */
  ended(entry: Entry): void {
    this.#underWay.delete(entry);
    if (entry.behind === undefined) this.#last.delete(entry.write.gid);
    else this.#next.push(entry.behind);
    entry.behind = undefined;
  }

  /** Takes out all for which it does not hold, in their order. What is under way stays so. */
  keep(holds: (entry: Entry) => boolean): Entry[] {
    const all = this.#all();
    this.#entries = [];
    this.#taken = 0;
    this.#next = [];
    this.#last.clear();
    for (const entry of this.#underWay) this.#last.set(entry.write.gid, entry);
    for (const entry of [...this.#underWay, ...all]) entry.behind = undefined;
    for (const entry of all) if (holds(entry)) this.add(entry);
    return all.filter((entry) => !holds(entry));
  }

  #all(): Entry[] {
    const all: Entry[] = [];
    const behind = Array.from(this.#underWay, (entry) => entry.behind);
    for (const first of [...behind, ...this.#next, ...this.#entries.slice(this.#taken)]) {
      for (let entry = first; entry !== undefined; entry = entry.behind) all.push(entry);
    }
    return all;
  }

  /** What was taken is cut off where it is the larger part: each is moved at most once for each that was taken. */
  #forgetTaken(): void {
    if (this.#taken * 2 < this.#entries.length) return;
    this.#entries.splice(0, this.#taken);
    this.#taken = 0;
  }
}
