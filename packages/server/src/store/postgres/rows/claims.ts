import type { DueRange, Claims as IsClaims, Taken } from '../../remote/dialect.ts';
import { numberAt, textOrNullAt } from '../../remote/values.ts';
import type { ClaimRequest } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { arrayOf } from '../values.ts';

export class Claims implements IsClaims<Connection> {
  readonly #claim: string;
  readonly #setAside: string;
  readonly #earliestDue: string;
  readonly #format: number;

  /** @param format what this program knows: what needs more is not claimed */
  constructor(schema: string, format: number) {
    this.#format = format;
    this.#claim = `call ${schema}.claim_1($1, $2, $3, $4, $5, $6, $7, $8, $9, null, null, null, null)`;
    this.#setAside = `call ${schema}.set_aside_1($1, $2, $3, $4, null)`;
    this.#earliestDue = `
      select due_ms from ${schema}.active where owner = '' and needs <= $1 order by due_ms, id limit 1`;
  }

  async take(connection: Connection, request: ClaimRequest, { fromMs, neverMs }: DueRange): Promise<Taken> {
    const { incarnation, nowMs, dead, maxCount, maxBytes } = request;
    const names = arrayOf(
      'text',
      dead.map((owner) => owner.incarnation),
    );
    const counts = arrayOf(
      'bigint',
      dead.map((owner) => owner.count),
    );
    const values = [incarnation, nowMs, fromMs, neverMs, names, counts, maxCount, maxBytes, this.#format];
    const [row = []] = await connection.query(this.#claim, values);
    const [ids, next, isMore] = row;
    return {
      ids: toIds(ids),
      nextDueMs: typeof next === 'number' ? next : undefined,
      isMore: isMore === true,
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
    const [answer = []] = await connection.query(this.#setAside, [incarnation, id, dueMs, incident]);
    return textOrNullAt(answer, 0);
  }
}

/** As PostgreSQL writes an array of numbers. */
function toIds(text: unknown): number[] {
  const inside = typeof text === 'string' ? text.slice(1, -1) : '';
  return inside === '' ? [] : inside.split(',').map(Number);
}
