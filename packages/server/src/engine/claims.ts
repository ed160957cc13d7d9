import type { DeadOwner } from '../store/nodes.ts';
import type { ClaimResult, Store, StoredTransaction } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Runtime } from './ports.ts';

export interface ClaimsContext {
  readonly store: Pick<Store, 'claim'>;
  readonly clock: EngineClock;
  readonly upkeep: Pick<Runtime, 'monotonicMs'>;
  readonly own: string;
  /** By gid. */
  readonly driven: ReadonlyMap<string, unknown>;
  /** Owners that this node has judged dead. */
  dead(): readonly DeadOwner[];
  /** Engine time from which the last of them could be judged so. */
  deadMs(): number;
  /** Nothing is left of these. */
  emptied(dead: readonly DeadOwner[]): void;
  /** Rows that are being changed now. */
  changing(): Iterable<string>;
  isOver(): boolean;
  /** A page of claims came. */
  paged(rows: number, isFull: boolean, dueMs: number, nowMs: number): void;
  /** Drives what was claimed. */
  take(claimed: StoredTransaction, seenMs: number): void;
  /** Drives it as it will be when what is under way with it has ended. */
  takeLate(gid: string): void;
  /** The answer of a claim was lost. */
  lost(): void;
  ended(): void;
}

/** Claims pages of what is due or was left by the dead, and has them driven. One page at a time. */
export class Claims {
  readonly #context: ClaimsContext;
  /** While a page is being claimed: what was driven or changed meanwhile, of which the page may tell old things. */
  #touched: Set<string> | undefined;

  constructor(context: ClaimsContext) {
    this.#context = context;
  }

  get isClaiming(): boolean {
    return this.#touched !== undefined;
  }

  /** It is driven from now on, or being changed. */
  touch(gid: string): void {
    this.#touched?.add(gid);
  }

  async claim(maxCount: number, maxBytes: number): Promise<ClaimResult> {
    const { store, clock, upkeep, own } = this.#context;
    // Who is changing a row already may have read it after the claim has changed it.
    const touched = new Set<string>(this.#context.changing());
    this.#touched = touched;
    const sentMs = upkeep.monotonicMs();
    try {
      const nowMs = clock.nowMs();
      const dead = this.#context.dead();
      const result = await store.claim({ incarnation: own, nowMs, dead, maxCount, maxBytes });
      const [first] = result.claimed;
      const dueMs = first?.handedBack === false ? this.#context.deadMs() : (first?.progress.dueMs ?? nowMs);
      this.#context.paged(result.claimed.length, result.claimed.length >= maxCount, dueMs, clock.nowMs());
      // Nothing is due, whatever its owner: the dead have left nothing.
      if (dead.length > 0 && (result.nextDueMs ?? Number.POSITIVE_INFINITY) > nowMs) this.#context.emptied(dead);
      for (const claimed of result.claimed) {
        const { gid } = claimed.definition;
        // Its driver does not know yet that it was handed back.
        if (this.#context.driven.has(gid)) this.#context.takeLate(gid);
        else if (touched.has(gid)) this.#context.takeLate(gid);
        else if (!this.#context.isOver()) this.#context.take(claimed, sentMs);
      }
      return result;
    } catch (error) {
      this.#context.lost();
      throw error;
    } finally {
      this.#touched = undefined;
      this.#context.ended();
    }
  }
}
