import type { DatabaseSync } from 'node:sqlite';
import { type StoredTransaction, StoreError } from '../store.ts';
import { Query } from './connection.ts';
import { migrate, refuseForeign } from './migrate.ts';
import { ClockRow } from './rows/clock-row.ts';
import {
  branchColumns,
  gidOf,
  idOf,
  toBranches,
  toTransaction,
  transactionColumns,
  transactionTables,
} from './rows/transaction-row.ts';
import { numberAt, type Row, readNumber, storedAt, textAt } from './values.ts';

/** What a database holds, and what is wrong with it. */
export interface Survey {
  /** Of the schema. */
  readonly version: number;
  /** How many transactions there are in each status, in the words of the database. */
  readonly transactions: Readonly<Record<string, number>>;
  readonly branches: number;
  readonly topics: number;
  /** Unfinished transactions that need somebody. */
  readonly incidents: number;
  /** When a transaction was last created, changed or ended; 0: there is none. */
  readonly newestMs: number;
  /** Transactions of which something was written by a version that made no checksums. */
  readonly withoutChecksum: number;
  /** The first of them. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
}

export interface Problem {
  /** Empty: it concerns the whole file. */
  readonly gid: string;
  readonly what: string;
}

export const noDatabase: Survey = {
  version: 0,
  transactions: {},
  branches: 0,
  topics: 0,
  incidents: 0,
  newestMs: 0,
  withoutChecksum: 0,
  problems: [],
  problemCount: 0,
};

export interface SurveyParts {
  /** Throws where this version of Holdfast cannot drive it. */
  drive(stored: StoredTransaction): void;
  /** Told again and again: so many of so many transactions are read. */
  read?(count: number, total: number): void;
  /** A step that gives no sign of life. */
  begins?(step: string): void;
}

const mostProblems = 1000;
/** The latest that a date can be. */
const latestTimeMs = 8.64e15;

/**
 * Reads everything: SQLite's own look at its structure, every row with its checksum, and what rows say of each other.
 * @param db may be of an earlier version where it may be written to: then it is a copy
 * @throws StoreError `version` where it was written by a newer Holdfast
 */
export function survey(db: DatabaseSync, path: string, parts: SurveyParts): Survey {
  const found = new Findings();
  found.attempt('', () => refuseForeign(db, path), 'version');
  parts.begins?.('the structure of the database');
  found.attempt('', () => checkStructure(db, found));
  found.attempt('', () => refuseEmpty(db));
  if (found.isHopeless) return found.survey(0);
  found.attempt('', () => migrate(db));
  found.attempt('', () => readTransactions(db, found, parts));
  found.attempt('', () => readOthers(db, found));
  return found.survey(readNumber(db, 'pragma user_version'));
}

/** Problems as they come, and sums over what can be read. */
class Findings {
  readonly #problems: Problem[] = [];
  #count = 0;
  /** Not a database that could be read any further. */
  isHopeless = false;
  readonly transactions: Record<string, number> = {};
  branches = 0;
  topics = 0;
  incidents = 0;
  newestMs = 0;
  withoutChecksum = 0;

  problem(gid: string, what: string): void {
    this.#count += 1;
    if (this.#problems.length < mostProblems) this.#problems.push({ gid, what });
  }

  /** @param passed a code of errors that are not about what is stored */
  attempt(gid: string, work: () => void, passed?: string): void {
    if (this.isHopeless) return;
    try {
      work();
    } catch (error) {
      if (passed !== undefined && error instanceof StoreError && error.code === passed) throw error;
      this.problem(gid, error instanceof Error ? error.message : String(error));
      if (gid === '') this.isHopeless = true;
    }
  }

  survey(version: number): Survey {
    const { transactions, branches, topics, incidents, newestMs, withoutChecksum } = this;
    const sums = { transactions, branches, topics, incidents, newestMs, withoutChecksum };
    return { version, ...sums, problems: this.#problems, problemCount: this.#count };
  }
}

function refuseEmpty(db: DatabaseSync): void {
  if (readNumber(db, 'pragma user_version') === 0) throw new StoreError('version', 'the database is empty');
}

function checkStructure(db: DatabaseSync, found: Findings): void {
  for (const row of new Query(db, `pragma integrity_check(${mostProblems})`).rows()) {
    const [text] = row;
    if (text !== 'ok') found.problem('', `SQLite says: ${String(text)}`);
  }
}

/** Behind what `toTransaction` reads. */
const [definitionBytesAt, branchesBytesAt] = [20, 21];

function readTransactions(db: DatabaseSync, found: Findings, { drive, read }: SurveyParts): void {
  const total = readNumber(db, 'select count(*) from transactions');
  const branches = new Query(db, `select ${branchColumns} from branches where id = ?`);
  const rows = new Query(
    db,
    `select ${transactionColumns}, t.definition_bytes, t.branches_bytes from ${transactionTables} order by t.id`,
  );
  let count = 0;
  for (const row of rows.rows()) {
    count += 1;
    read?.(count, total);
    const of = branches.all(idOf(row));
    countRow(row, of, found);
    found.attempt(nameOf(row), () => readTransaction(row, of, found, drive));
  }
}

function countRow(row: Row, branches: readonly Row[], found: Findings): void {
  const status = String(row[5]);
  found.transactions[status] = (found.transactions[status] ?? 0) + 1;
  found.branches += branches.length;
  const isUnfinished = status !== 'succeed' && status !== 'failed';
  if (isUnfinished && row[9] !== '') found.incidents += 1;
  if (row[18] === null || row[19] === null || branches.some((branch) => branch[4] === null)) found.withoutChecksum += 1;
}

function readTransaction(row: Row, branches: Row[], found: Findings, drive: SurveyParts['drive']): void {
  const stored = toTransaction(row, toBranches(row, branches));
  const { definition, progress } = stored;
  const newestMs = Math.max(definition.createdMs, progress.updatedMs, progress.finishedMs);
  found.newestMs = Math.max(found.newestMs, Math.min(newestMs, latestTimeMs));
  const bytes = branches.reduce((sum, branch) => sum + storedAt(branch, 2).length, 0);
  const facts: readonly [name: string, said: unknown, is: unknown][] = [
    ['gid', gidOf(row), definition.gid],
    ['type', row[16], definition.type],
    ['time of creation', row[17], definition.createdMs],
    ['size of its definition', numberAt(row, definitionBytesAt), storedAt(row, 12).length],
    ['size of its branches', numberAt(row, branchesBytesAt), bytes],
  ];
  for (const [name, said, is] of facts) {
    if (said !== is) found.problem(definition.gid, `its row says another ${name} than there is`);
  }
  if (progress.status !== 'succeed' && progress.status !== 'failed') drive(stored);
}

/** Whatever can be read of a row that may be damaged. */
const nameOf = (row: Row) => (typeof row[14] === 'string' && row[14] !== '' ? row[14] : `row ${String(row[0])}`);

function readOthers(db: DatabaseSync, found: Findings): void {
  for (const table of ['definitions', 'branches']) {
    const lost = readNumber(
      db,
      `select count(distinct id) from ${table} o where not exists (select 1 from transactions t where t.id = o.id)`,
    );
    if (lost > 0) found.problem('', `${table} of ${lost} transactions that are not there`);
  }
  for (const row of new Query(
    db,
    'select category, key, value, version, created_ms, updated_ms from key_values',
  ).rows()) {
    if (textAt(row, 0) === 'topics') found.topics += 1;
    const name = `${textAt(row, 0)} ${textAt(row, 1)}`;
    found.attempt(name, () => {
      if (!isValue(row)) found.problem(name, `what is stored of it is damaged: ${helpFor(textAt(row, 0))}`);
    });
  }
  if (new ClockRow(db).isDamaged) {
    found.problem(
      '',
      'the stored time of the coordinator is damaged: the next start takes it from what else is stored',
    );
  }
}

function isValue(row: Row): boolean {
  const [category, , value, version] = row;
  if (typeof value !== 'string' || !Number.isSafeInteger(version)) return false;
  return category !== 'topics' || isJson(value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That it is none is what was asked.
    return false;
  }
}

function helpFor(category: string): string {
  return category === 'topics'
    ? 'delete the topic and subscribe again, or restore a backup'
    : 'the next start makes it anew';
}
