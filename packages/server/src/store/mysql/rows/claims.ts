import type { DueRange, Claims as IsClaims, Taken } from '../../remote/dialect.ts';
import { numberAt, textOrNullAt } from '../../remote/values.ts';
import type { ClaimRequest } from '../../store.ts';
import type { Connection } from '../connection.ts';

export class Claims implements IsClaims<Connection> {
  readonly #claim: string;
  readonly #setAside: string;
  readonly #earliestDue: string;
  readonly #format: number;

  /** @param format what this program knows: what needs more is not claimed */
  constructor(prefix: string, format: number) {
    this.#format = format;
    this.#claim = `call ${prefix}claim_1(?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#setAside = `call ${prefix}set_aside_1(?, ?, ?, ?)`;
    this.#earliestDue = `
      select due_ms from ${prefix}active where owner = '' and needs <= ? order by due_ms, id limit 1`;
  }

  async take(connection: Connection, request: ClaimRequest, { fromMs, neverMs }: DueRange): Promise<Taken> {
    const { incarnation, nowMs, dead, maxCount, maxBytes } = request;
    const names = JSON.stringify(dead.map((owner) => [owner.incarnation, owner.count]));
    const values = [incarnation, nowMs, fromMs, neverMs, names, maxCount, maxBytes, this.#format];
    const [[row = []] = []] = await connection.call(this.#claim, values);
    const [ids, next, isMore] = row;
    return {
      ids: toIds(ids),
      nextDueMs: typeof next === 'number' ? next : undefined,
      isMore: isMore === 1,
      strays: numberAt(row, 3),
    };
  }

  async earliestDue(connection: Connection): Promise<number | undefined> {
    const [row] = await connection.query(this.#earliestDue, [this.#format]);
    return row === undefined ? undefined : numberAt(row, 0);
  }

  async setAside(
    connection: Connection,
    { incarnation, id, dueMs, incident }: { incarnation: string; id: number; dueMs: number; incident: string },
  ): Promise<string | null> {
    const [[answer = []] = []] = await connection.call(this.#setAside, [incarnation, id, dueMs, incident]);
    return textOrNullAt(answer, 0);
  }
}

/** Each begins with a comma. */
function toIds(text: unknown): number[] {
  return typeof text === 'string' && text !== '' ? text.slice(1).split(',').map(Number) : [];
}
