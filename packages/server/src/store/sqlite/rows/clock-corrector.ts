import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { checksumDefinition, checksumProgress } from '../../checksum.ts';
import { encodeDefinition, encodeProgress } from '../../codec.ts';
import { type ClockMistake, earlier } from '../../earlier.ts';
import { StoreError } from '../../store.ts';
import { Query } from '../connection.ts';
import type { Row } from '../values.ts';
import { idOf, toTransaction, transactionColumns, transactionTables } from './transaction-row.ts';

export interface Corrected {
  readonly changed: number;
  /** To go on after; undefined: that was all. */
  readonly lastId: number | undefined;
}

const pageRows = 200;

/** Corrects what was written by a clock that was ahead. The caller holds a transaction of the database. */
export class ClockCorrector {
  readonly #rows: Query;
  readonly #define: StatementSync;
  readonly #update: StatementSync;
  readonly #makeDue: StatementSync;

  constructor(db: DatabaseSync) {
    this.#rows = new Query(
      db,
      `select ${transactionColumns} from ${transactionTables}
       where t.id > ? and (t.updated_ms > ?2 or t.created_ms > ?2 or t.finished_ms > ?2) order by t.id limit ${pageRows}`,
    );
    this.#define = db.prepare('update definitions set definition = ?, checksum = ? where id = ?');
    this.#update = db.prepare(`
      update transactions set created_ms = ?, due_ms = ?, updated_ms = ?, finished_ms = ?, progress = ?, checksum = ?,
        definition_bytes = ?, alert_ms = min(alert_ms, ?), version = version + 1
      where id = ?`);
    this.#makeDue = db.prepare('update transactions set due_ms = min(due_ms, ?) where id = ?');
  }

  page(afterId: number, mistake: ClockMistake): Corrected {
    const rows = this.#rows.all(afterId, mistake.afterMs);
    const last = rows.at(-1);
    return {
      changed: rows.filter((row) => this.#correct(row, mistake)).length,
      lastId: last === undefined || rows.length < pageRows ? undefined : idOf(last),
    };
  }

  #correct(row: Row, mistake: ClockMistake): boolean {
    const id = idOf(row);
    try {
      const { definition, progress } = toTransaction(row, []);
      const right = earlier(definition, progress, mistake);
      if (right === undefined) return false;
      const { gid, type, createdMs } = right.definition;
      const stored = encodeDefinition(right.definition);
      this.#define.run(stored, checksumDefinition({ gid, type, createdMs }, stored), id);
      const encoded = encodeProgress(right.progress);
      const { dueMs, updatedMs, finishedMs, text } = encoded;
      // biome-ignore format: one line per line of the statement
      this.#update.run(
        createdMs, dueMs, updatedMs, finishedMs, text, checksumProgress(gid, encoded),
        stored.length, mistake.afterMs,
        id,
      );
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'version') throw error;
      // It cannot be read: it stays as it is, and is looked at soon.
      this.#makeDue.run(mistake.afterMs, id);
      return false;
    }
  }
}
