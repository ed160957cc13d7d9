import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Query } from '../connection.ts';
import { numberAt, readNumber } from '../values.ts';

/** The latest time that a date can be. */
const latestMs = 8_640_000_000_000_000;

/** The latest of the times that rows carry, those that are damaged left out. Every write of a row raised the clock to its time. */
const highestOfRows = `select coalesce(max(ms), 0) from (
  ${['created_ms', 'updated_ms', 'finished_ms'].map((name) => highestOf('transactions', name)).join(' union all ')}
  union all ${highestOf('key_values', 'updated_ms')})`;

function highestOf(table: string, column: string): string {
  return `select max(${column}) as ms from ${table} where typeof(${column}) = 'integer' and ${column} between 0 and ${latestMs}`;
}

/** The highest engine time ever written: the one row of its table. Time goes on from it, whatever the machine's clock says. */
export class ClockRow {
  readonly #db: DatabaseSync;
  readonly #highest: Query;
  readonly #raise: StatementSync;
  readonly #touch: readonly StatementSync[];
  readonly #set: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#highest = new Query(db, 'select highest_ms from clock');
    this.#raise = db.prepare('update clock set highest_ms = ? where highest_ms < ?1');
    // SQLite does not write what is the same as before: it is changed and changed back.
    this.#touch = ['+', '-'].map((sign) =>
      db.prepare(`update clock set highest_ms = highest_ms ${sign} 1 where typeof(highest_ms) = 'integer'`),
    );
    this.#set = db.prepare('insert or replace into clock (id, highest_ms) values (1, ?)');
  }

  get ms(): number {
    return numberAt(this.#highest.first() ?? [], 0);
  }

  raise(toMs: number): void {
    this.#raise.run(toMs);
  }

  /** Writes it as it is. */
  touch(): void {
    for (const statement of this.#touch) statement.run();
  }

  set(toMs: number): void {
    this.#set.run(toMs);
  }

  /** Whether it is no time, and cannot be read. */
  get isDamaged(): boolean {
    const [ms] = this.#highest.first() ?? [];
    return typeof ms !== 'number' || !Number.isSafeInteger(ms) || ms < 0 || ms > latestMs;
  }

  /** Replaces it by the latest time in the other tables. @returns the new time */
  mend(): number {
    const ms = readNumber(this.#db, highestOfRows);
    this.set(ms);
    return ms;
  }
}
