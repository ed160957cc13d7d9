import type { Loaded } from '../../remote/loaded-rows.ts';
import { toUnreadable } from '../../remote/transaction-row.ts';
import { numberAt, textOrNullAt } from '../../remote/values.ts';
import type { ClaimRequest, ClaimResult, StoredTransaction, UnreadableRow } from '../../store.ts';
import type { Connection } from '../connection.ts';
import type { Loader } from './loader.ts';

/** How long a row that cannot be read is left alone; it counts as an incident. */
const unreadablePauseMs = 10 * 60_000;
/** How long nothing is claimed where all that `active` calls due is not so in its row: that is damage, and stays. */
const strayPauseMs = 1000;
/** Nothing is due later than this from now (options reach ten years): where a row says so, it is damaged. */
const farthestDueMs = 12 * 366 * 24 * 3_600_000;

/** What one call of `claim_1` has made ours. */
export interface Taken {
  readonly ids: readonly number[];
  readonly nextDueMs: number | undefined;
}

export class Claimer {
  readonly #claim: string;
  readonly #setAside: string;
  readonly #loader: Loader;

  constructor(prefix: string, loader: Loader) {
    this.#claim = `call ${prefix}claim_1(?, ?, ?, ?, ?, ?)`;
    this.#setAside = `call ${prefix}set_aside_1(?, ?, ?, ?)`;
    this.#loader = loader;
  }

  /** Durable when it resolves. */
  async take(connection: Connection, request: ClaimRequest): Promise<Taken> {
    const { incarnation, nowMs, dead, maxCount, maxBytes } = request;
    const neverMs = Math.min(nowMs + farthestDueMs, Number.MAX_SAFE_INTEGER);
    const names = JSON.stringify(dead.map((owner) => [owner.incarnation, owner.count]));
    const values = [incarnation, nowMs, neverMs, names, maxCount, maxBytes];
    const [[row = []] = []] = await connection.call(this.#claim, values);
    const [ids, next, isMore] = row;
    let nextDueMs = typeof next === 'number' ? next : undefined;
    if (numberAt(row, 3) > 0) nextDueMs = Math.max(nextDueMs ?? 0, nowMs + strayPauseMs);
    if (isMore === 1) nextDueMs = Math.min(nowMs, nextDueMs ?? nowMs);
    return { ids: toIds(ids), nextDueMs };
  }

  /** What was taken, to be driven; what of it cannot be read is set aside. */
  async load(connection: Connection, { ids, nextDueMs }: Taken, request: ClaimRequest): Promise<ClaimResult> {
    const loaded = ids.length === 0 ? [] : await this.#loader.byId(connection, ids);
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
    connection: Connection,
    { id, row, error }: Extract<Loaded, { error: Error }>,
    { incarnation, nowMs }: ClaimRequest,
  ): Promise<UnreadableRow | undefined> {
    const told = toUnreadable(row, error);
    const values = [incarnation, id, nowMs + unreadablePauseMs, told.incident];
    const [[answer = []] = []] = await connection.call(this.#setAside, values);
    return textOrNullAt(answer, 0) === told.incident ? undefined : told;
  }
}

/** Each begins with a comma. */
function toIds(text: unknown): number[] {
  return typeof text === 'string' && text !== '' ? text.slice(1).split(',').map(Number) : [];
}
