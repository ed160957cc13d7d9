import type { ChangedRow, SeenRow } from '../store/nodes.ts';
import type { Runtime, Timer } from './ports.ts';

/** From one look to the next. */
const lookEveryMs = 1000;
/** In one question to the store. */
const mostRows = 2000;
/** In one for drivers that wait for its answer: all of them go on at once. */
const mostAsked = 500;
/** After a question for drivers that failed. */
const askAgainMs = 1000;
/** What was written or read so shortly before is as it was. */
const freshMs = 500;

/**
 * An answer counts as no older than this when it comes. On a store that is slower a look would be old at once, and nothing
 * would be called ever.
 */
const slowMs = 500;

/** A row that is driven here. */
export interface DrivenRow {
  readonly gid: string;
  /** As its driver knows it; undefined: it is being written or read, which tells as much. */
  readonly sight: { readonly version: number; readonly seenMs: number } | undefined;
  /** The row was ours at that version, at that monotonic time. */
  looked(version: number, atMs: number): void;
  /** The row was not ours. */
  missed(): void;
}

export interface RowWatchContext {
  readonly runtime: Pick<Runtime, 'monotonicMs' | 'setTimer' | 'soon'>;
  readonly own: string;
  /** What is driven here now. */
  driven(): Iterable<DrivenRow>;
  changed(seen: readonly SeenRow[]): Promise<readonly ChangedRow[]>;
  failed(error: unknown): void;
}

/** `ended`: it has no owner any more: it is final, or waits for its time. `gone`: nobody can say here. */
export type Watched = 'ended' | 'gone';

interface Awaited {
  version: number;
  readonly done: ((watched: Watched) => void)[];
}

/** At most so many are waited for at a time. */
const mostAwaited = 10_000;

/**
 * On a shared store: learns what other nodes write to the rows that are driven here, and to those that are driven elsewhere
 * and waited for here. One read a second for all of them together, and none where there is nothing to learn.
 */
export class RowWatch {
  readonly #context: RowWatchContext;
  readonly #awaited = new Map<string, Awaited>();
  /** Their drivers want to be sure of them now. */
  readonly #asked = new Map<string, DrivenRow>();
  #isAsking = false;
  #timer: Timer | undefined;
  #isLooking = false;
  #ended = false;

  constructor(context: RowWatchContext) {
    this.#context = context;
  }

  /** Something is driven or waited for from now on. */
  wake(): void {
    if (this.#ended || this.#isLooking || this.#timer !== undefined) return;
    this.#timer = this.#context.runtime.setTimer(lookEveryMs, () => this.#look());
  }

  /** Told once, when the row has no owner, and had another version before. */
  wait(gid: string, version: number, done: (watched: Watched) => void): void {
    const known = this.#awaited.get(gid);
    if (this.#ended || (known === undefined && this.#awaited.size >= mostAwaited)) {
      done('gone');
      return;
    }
    if (known === undefined) this.#awaited.set(gid, { version, done: [done] });
    else {
      known.version = Math.min(known.version, version);
      known.done.push(done);
    }
    this.wake();
  }

  /**
   * The driver wants to call, and has not heard of its row for too long. However many want that, they are asked for
   * together: each by itself they would keep a store that has become slow from whatever else it has to do.
   */
  ask(row: DrivenRow): void {
    if (this.#ended) return;
    this.#asked.set(row.gid, row);
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#context.runtime.soon(() => this.#lookAtAsked());
  }

  end(): void {
    this.#ended = true;
    this.#asked.clear();
    this.#timer?.cancel();
    for (const { done } of this.#awaited.values()) for (const tell of done) tell('gone');
    this.#awaited.clear();
  }

  #lookAtAsked(): void {
    const rows = new Map([...this.#asked].slice(0, mostAsked));
    for (const gid of rows.keys()) this.#asked.delete(gid);
    const seen = [...rows].flatMap(([gid, { sight }]) =>
      sight === undefined ? [] : [{ gid, version: sight.version }],
    );
    const next = () => {
      this.#isAsking = !this.#ended && this.#asked.size > 0;
      if (this.#isAsking) this.#lookAtAsked();
    };
    this.#lookAt(seen, rows).then(next, (error: unknown) => {
      this.#context.failed(error);
      if (this.#ended) return;
      for (const [gid, row] of rows) this.#asked.set(gid, row);
      this.#context.runtime.setTimer(askAgainMs, next);
    });
  }

  #look(): void {
    this.#timer = undefined;
    this.#isLooking = true;
    const startedMs = this.#context.runtime.monotonicMs();
    this.#lookAtAll(startedMs)
      .catch((error: unknown) => this.#context.failed(error))
      .finally(() => this.#looked(startedMs));
  }

  /** Once more while there is something to learn. The looks are a second apart, however long one takes. */
  #looked(startedMs: number): void {
    this.#isLooking = false;
    if (this.#ended) return;
    const { runtime, driven } = this.#context;
    const isIdle = this.#awaited.size === 0 && driven()[Symbol.iterator]().next().done === true;
    if (isIdle) return;
    const tookMs = runtime.monotonicMs() - startedMs;
    this.#timer = runtime.setTimer(Math.max(0, lookEveryMs - tookMs), () => this.#look());
  }

  async #lookAtAll(startedMs: number): Promise<void> {
    const rows = new Map<string, DrivenRow>();
    const seen: SeenRow[] = [];
    for (const row of this.#context.driven()) {
      const { gid, sight } = row;
      if (sight === undefined || startedMs - sight.seenMs < freshMs) continue;
      rows.set(gid, row);
      seen.push({ gid, version: sight.version });
    }
    for (const [gid, { version }] of this.#awaited) if (!rows.has(gid)) seen.push({ gid, version });
    for (let at = 0; at < seen.length && !this.#ended; at += mostRows) {
      await this.#lookAt(seen.slice(at, at + mostRows), rows);
    }
  }

  async #lookAt(seen: readonly SeenRow[], rows: ReadonlyMap<string, DrivenRow>): Promise<void> {
    if (seen.length === 0) return;
    const { runtime } = this.#context;
    const sentMs = runtime.monotonicMs();
    const changed = new Map((await this.#context.changed(seen)).map((row) => [row.gid, row]));
    if (this.#ended) return;
    const atMs = Math.max(sentMs, runtime.monotonicMs() - slowMs);
    for (const { gid, version } of seen) {
      const found = changed.get(gid);
      const driven = rows.get(gid);
      if (driven === undefined) this.#heard(gid, found);
      else if (found === undefined || found.owner === this.#context.own) driven.looked(found?.version ?? version, atMs);
      else driven.missed();
    }
  }

  #heard(gid: string, found: ChangedRow | undefined): void {
    const awaited = this.#awaited.get(gid);
    if (awaited === undefined || found === undefined) return;
    if (found.owner !== null) {
      awaited.version = found.version;
      return;
    }
    this.#awaited.delete(gid);
    for (const tell of awaited.done) tell('ended');
  }
}
