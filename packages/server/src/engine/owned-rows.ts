import type { Store } from '../store/store.ts';
import type { Runtime } from './ports.ts';
import type { DrivenRow } from './row-watch.ts';

const pageRows = 1000;
/** Each is a read of its own, and others wait for the store as well. */
const takenAtOnce = 20;
/** After a claim whose answer was lost, which a store may carry out seconds later: so many looks, a second apart. */
const looksAfterLost = { count: 10, everyMs: 1000 } as const;

export interface OwnedRowsContext {
  readonly store: Pick<Store, 'owned' | 'exclusive'>;
  readonly runtime: Pick<Runtime, 'monotonicMs' | 'setTimer'>;
  readonly own: string;
  readonly driven: ReadonlyMap<string, { readonly actor: DrivenRow }>;
  /** It is not to be driven now, and that is no defect. */
  isHeld(gid: string): boolean;
  isClaiming(): boolean;
  isOver(): boolean;
  /** Drives it, if it is ours; `found` is told just before. */
  take(gid: string, found: () => void): Promise<void>;
  /** It was owned and not driven, and nothing explains it. */
  defect(gid: string): void;
  failed(error: unknown): void;
}

/** Looks at what this incarnation owns: what nobody drives, as where the answer of a claim was lost, is driven again. */
export class OwnedRows {
  readonly #context: OwnedRowsContext;
  /** Owned and not driven at the last look, with their version then: taken if it is so again. */
  #suspects = new Map<string, number>();
  #looksLeft = 0;

  constructor(context: OwnedRowsContext) {
    this.#context = context;
  }

  /**
   * Reads which rows are ours: tells the drivers what others wrote under our ownership or made due and what is ours no
   * more, and drives again what is owned without a driver at two looks in a row.
   */
  async look(): Promise<void> {
    const { store, runtime, own, driven, isHeld, isClaiming, isOver, take, defect } = this.#context;
    const suspects = new Map<string, number>();
    // A row that another node has ended has no owner: no page shows it.
    const unseen = store.exclusive ? undefined : new Map(driven);
    const wasClaiming = isClaiming();
    for (let after = ''; ; ) {
      const sentMs = runtime.monotonicMs();
      const rows = await store.owned(own, after, pageRows);
      if (isOver()) return;
      for (const { gid, version } of rows) {
        unseen?.delete(gid);
        const row = driven.get(gid);
        if (row !== undefined) row.actor.looked(version, sentMs);
        else if (!isHeld(gid)) suspects.set(gid, version);
      }
      const last = rows.at(-1);
      if (rows.length < pageRows || last === undefined) break;
      after = last.place;
    }
    for (const { actor } of unseen?.values() ?? []) actor.missed();
    // What is being claimed is ours before it is driven here: that is no defect.
    const isPerhapsClaimed = wasClaiming || isClaiming();
    const lost = [...suspects].filter(([gid, version]) => this.#suspects.get(gid) === version);
    this.#suspects = suspects;
    const found = (gid: string) => {
      if (!isPerhapsClaimed) defect(gid);
    };
    for (let at = 0; at < lost.length && !isOver(); at += takenAtOnce) {
      await Promise.all(lost.slice(at, at + takenAtOnce).map(([gid]) => take(gid, () => found(gid))));
    }
  }

  /** The answer of a claim was lost: what it took, now or a little later, is ours and not driven. */
  claimLost(): void {
    if (this.#context.store.exclusive) return;
    const isLooking = this.#looksLeft > 0;
    this.#looksLeft = looksAfterLost.count;
    if (!isLooking) this.#lookLater();
  }

  #lookLater(): void {
    this.#context.runtime.setTimer(looksAfterLost.everyMs, () => {
      if (this.#context.isOver()) return;
      this.look()
        .catch((error: unknown) => this.#context.failed(error))
        .finally(() => {
          this.#looksLeft -= 1;
          if (this.#looksLeft > 0) this.#lookLater();
        });
    });
  }
}
