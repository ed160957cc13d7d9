/** What waits to be written. */
export interface Queued {
  readonly write: { readonly gid: string };
  readonly bytes: number;
}

interface Place<Entry> {
  readonly entry: Entry;
  /** The next write of the same gid: it waits behind this one. */
  behind: Place<Entry> | undefined;
}

/** At most so much of it at once. */
export interface TakeLimits {
  readonly rows: number;
  /** One larger write goes alone. */
  readonly bytes: number;
}

/**
 * Writes in the order in which they came, taken in batches with at most one write per gid. Of each gid only the first
 * stands in the queue, so that a batch costs what is in it, however much waits.
 */
export class WriteQueue<Entry extends Queued> {
  #places: Place<Entry>[] = [];
  /** How many of `#places` were taken already. */
  #taken = 0;
  /** The next writes of the gids that were in the last batch: they came before most of the rest. */
  #next: Place<Entry>[] = [];
  readonly #last = new Map<string, Place<Entry>>();

  get isEmpty(): boolean {
    return this.#last.size === 0;
  }

  add(entry: Entry): void {
    const place: Place<Entry> = { entry, behind: undefined };
    const last = this.#last.get(entry.write.gid);
    this.#last.set(entry.write.gid, place);
    if (last === undefined) this.#places.push(place);
    else last.behind = place;
  }

  take({ rows, bytes: most }: TakeLimits): Entry[] {
    const batch: Entry[] = [];
    const released: Place<Entry>[] = [];
    let bytes = 0;
    const fits = (place: Place<Entry> | undefined): place is Place<Entry> =>
      place !== undefined && batch.length < rows && (batch.length === 0 || bytes + place.entry.bytes <= most);
    const add = ({ entry, behind }: Place<Entry>) => {
      batch.push(entry);
      bytes += entry.bytes;
      if (behind === undefined) this.#last.delete(entry.write.gid);
      else released.push(behind);
    };
    let resumed = 0;
    for (let place = this.#next[0]; fits(place); place = this.#next[resumed]) {
      resumed += 1;
      add(place);
    }
    if (resumed === this.#next.length) {
      for (let place = this.#places[this.#taken]; fits(place); place = this.#places[this.#taken]) {
        this.#taken += 1;
        add(place);
      }
    }
    this.#next = resumed === this.#next.length ? released : this.#next.slice(resumed).concat(released);
    this.#forgetTaken();
    return batch;
  }

  /** Takes out all for which it does not hold, in their order. */
  keep(holds: (entry: Entry) => boolean): Entry[] {
    const all = this.#all();
    this.#places = [];
    this.#taken = 0;
    this.#next = [];
    this.#last.clear();
    for (const entry of all) if (holds(entry)) this.add(entry);
    return all.filter((entry) => !holds(entry));
  }

  #all(): Entry[] {
    const all: Entry[] = [];
    for (const first of [...this.#next, ...this.#places.slice(this.#taken)]) {
      for (let place: Place<Entry> | undefined = first; place !== undefined; place = place.behind)
        all.push(place.entry);
    }
    return all;
  }

  /** What was taken is cut off where it is the larger part: each place is moved at most once for each that was taken. */
  #forgetTaken(): void {
    if (this.#taken * 2 < this.#places.length) return;
    this.#places.splice(0, this.#taken);
    this.#taken = 0;
  }
}
