import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { damaged } from '../codec.ts';
import type { ClockMistake } from '../earlier.ts';
import type {
  AlertRequest,
  ClaimRequest,
  ClaimResult,
  KeyValue,
  OwedAlert,
  StoredTransaction,
  TakenAlerts,
  WriteResult,
} from '../store.ts';
import { Query, Transactions } from './connection.ts';
import { Alerts } from './rows/alerts.ts';
import { Claimer } from './rows/claimer.ts';
import { ClockCorrector, type Corrected } from './rows/clock-corrector.ts';
import { ClockRow } from './rows/clock-row.ts';
import { Loader } from './rows/loader.ts';
import { unfinished } from './rows/transaction-row.ts';
import { type EncodedWrite, timeOf, Writer } from './rows/writer.ts';
import { roughNumberAt, roughTextAt } from './values.ts';

/** The event loop's connection: short operations only, each of them one transaction of the database. */
export class LoopConnection {
  readonly #db: DatabaseSync;
  readonly #transactions: Transactions;
  readonly #loader: Loader;
  readonly #writer: Writer;
  readonly #claimer: Claimer;
  readonly #alerts: Alerts;
  readonly #makeDue: StatementSync;
  readonly #isStored: Query;
  readonly #clock: ClockRow;
  readonly #value: Query;
  readonly #insertValue: StatementSync;
  readonly #updateValue: StatementSync;
  readonly #deleteValue: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#transactions = new Transactions(db);
    this.#loader = new Loader(db);
    this.#writer = new Writer(db);
    this.#claimer = new Claimer(db, this.#loader);
    this.#alerts = new Alerts(db);
    this.#makeDue = db.prepare(
      `update transactions set due_ms = min(due_ms, ?), version = version + 1 where gid = ? and ${unfinished}`,
    );
    this.#isStored = new Query(db, 'select 1 from transactions where gid = ?');
    this.#clock = new ClockRow(db);
    this.#value = new Query(
      db,
      'select value, version, created_ms, updated_ms from key_values where category = ? and key = ?',
    );
    this.#insertValue = db.prepare(`
      insert into key_values (category, key, value, version, created_ms, updated_ms) values (?, ?, ?, 1, ?, ?4)
      on conflict do nothing`);
    this.#updateValue = db.prepare(`
      update key_values set value = ?, version = version + 1, updated_ms = ?
      where category = ? and key = ? and version = ?`);
    this.#deleteValue = db.prepare('delete from key_values where category = ? and key = ?');
  }

  /** Writes a row as it is: that takes room and a sync like any other. */
  ping(): void {
    this.#transactions.write('ping', () => this.#clock.touch());
  }

  clockMs(): number {
    return this.#clock.ms;
  }

  /** Replaces the stored time if it is damaged. @returns a warning for people; undefined: it is not damaged */
  mendClock(): string | undefined {
    if (!this.#clock.isDamaged) return undefined;
    const ms = this.#transactions.write('mend the clock', () => this.#clock.mend());
    const from = ms === 0 ? 'nothing else is stored' : `the latest stored change is of ${new Date(ms).toISOString()}`;
    return `the stored time of the coordinator was damaged: time goes on from what else is stored (${from})`;
  }

  commit(batch: readonly EncodedWrite[]): WriteResult[] {
    return this.#transactions.write('commit', () => {
      const results = batch.map((write) => this.#writer.write(write));
      this.#clock.raise(batch.reduce((highest, write) => Math.max(highest, timeOf(write)), 0));
      return results;
    });
  }

  load(gids: readonly string[], isBare: boolean): (StoredTransaction | undefined)[] {
    return this.#transactions.read('load', () => gids.map((gid) => this.#loader.byGid(gid, isBare)));
  }

  claim(request: ClaimRequest): ClaimResult {
    return this.#transactions.write('claim', () => this.#claimer.claim(request));
  }

  makeDue(gid: string, nowMs: number): boolean {
    return this.#transactions.write('make due', () => {
      return this.#makeDue.run(nowMs, gid).changes > 0 || this.#isStored.first(gid) !== undefined;
    });
  }

  takeAlerts(request: AlertRequest): TakenAlerts {
    return this.#transactions.write('take alerts', () => this.#alerts.take(request));
  }

  alertTold(taken: OwedAlert): void {
    this.#transactions.write('alert told', () => this.#alerts.told(taken));
  }

  getValue(category: string, key: string): KeyValue | undefined {
    const row = this.#value.first(category, key);
    if (row === undefined) return undefined;
    return {
      category,
      key,
      value: roughTextAt(row, 0),
      version: versionOf(row[1]),
      createdMs: roughNumberAt(row, 2),
      updatedMs: roughNumberAt(row, 3),
    };
  }

  putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): boolean {
    return this.#transactions.write('put value', () => {
      const { changes } =
        expectVersion === 0
          ? this.#insertValue.run(category, key, value, nowMs)
          : this.#updateValue.run(value, nowMs, category, key, expectVersion);
      return changes > 0;
    });
  }

  deleteValue(category: string, key: string): boolean {
    return this.#transactions.write('delete value', () => this.#deleteValue.run(category, key).changes > 0);
  }

  correctClock(afterId: number, mistake: ClockMistake): Corrected {
    return this.#transactions.write('correct the clock', () => new ClockCorrector(this.#db).page(afterId, mistake));
  }

  setClock(toMs: number): void {
    this.#transactions.write('set the clock', () => this.#clock.set(toMs));
  }

  close(): void {
    this.#db.close();
  }
}

function versionOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw damaged('value', 'its version is no number', undefined, 'delete it and store it again, or restore a backup');
}
