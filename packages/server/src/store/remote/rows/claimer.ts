import type { ClaimRequest, ClaimResult, StoredTransaction, UnreadableRow } from '../../store.ts';
import type { Claims, Loader } from '../dialect.ts';
import type { Loaded } from '../loaded-rows.ts';
import { toUnreadable } from '../transaction-row.ts';

/** How long a row that cannot be read is left alone; it counts as an incident. */
const unreadablePauseMs = 10 * 60_000;
/** How long nothing is claimed where all that `active` calls due is not so in its row: that is damage, and stays. */
const strayPauseMs = 1000;
/** Nothing is due later than this from now (options reach ten years): where a row says so, it is damaged. */
const farthestDueMs = 12 * 366 * 24 * 3_600_000;

/** What one claim has made ours, and when to ask again. */
export interface Claimed {
  readonly ids: readonly number[];
  /** When the earliest without owner is due. */
  readonly earliestMs: number | undefined;
  readonly nextDueMs: number | undefined;
}

export class Claimer<S> {
  readonly #parts: { readonly claims: Claims<S>; readonly loader: Loader<S> };

  constructor(parts: { readonly claims: Claims<S>; readonly loader: Loader<S> }) {
    this.#parts = parts;
  }

  /** Durable when it resolves. Of what has no owner, nothing that is due before `dueFromMs` is looked at. */
  async take(connection: S, request: ClaimRequest, dueFromMs: number): Promise<Claimed> {
    const { nowMs } = request;
    const neverMs = Math.min(nowMs + farthestDueMs, Number.MAX_SAFE_INTEGER);
    const due = { fromMs: dueFromMs, neverMs };
    const { ids, nextDueMs, isMore, strays } = await this.#parts.claims.take(connection, request, due);
    const pausedMs = strays > 0 ? Math.max(nextDueMs ?? 0, nowMs + strayPauseMs) : nextDueMs;
    return { ids, earliestMs: nextDueMs, nextDueMs: isMore ? Math.min(nowMs, pausedMs ?? nowMs) : pausedMs };
  }

  /** What was taken, to be driven; what of it cannot be read is set aside. */
  async load(connection: S, { ids, nextDueMs }: Claimed, request: ClaimRequest): Promise<ClaimResult> {
    const loaded = ids.length === 0 ? [] : await this.#parts.loader.byId(connection, ids);
    const claimed: StoredTransaction[] = [];
    const unreadable: UnreadableRow[] = [];
    for (const one of loaded) {
      if (one.error === undefined) {
        claimed.push(one.transaction);
        continue;
      }
      const told = await this.#putAside(connection, one, request);
      if (told !== undefined) unreadable.push(told);
    }
    return { claimed, nextDueMs, ...(unreadable.length > 0 && { unreadable }) };
  }

  /** It must not keep the others waiting: nobody owns it, and it is looked at again after a while. */
  async #putAside(
    connection: S,
    { id, row, error }: Extract<Loaded, { error: Error }>,
    { incarnation, nowMs }: ClaimRequest,
  ): Promise<UnreadableRow | undefined> {
    const told = toUnreadable(row, error);
    const { incident } = told;
    const former = await this.#parts.claims.setAside(connection, {
      incarnation,
      id,
      dueMs: nowMs + unreadablePauseMs,
      incident,
    });
    return former === incident ? undefined : told;
  }
}
