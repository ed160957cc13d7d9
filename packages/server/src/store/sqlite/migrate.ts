import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';
import { sql as transactions } from './migrations/001-transactions.ts';
import { sql as incidents } from './migrations/002-incidents.ts';
import { sql as checksums } from './migrations/003-checksums.ts';
import { sql as alerts } from './migrations/004-alerts.ts';
import { sql as identity } from './migrations/005-identity.ts';
import { sql as setAside } from './migrations/006-set-aside.ts';
import { sql as unfinished } from './migrations/007-unfinished.ts';
import { sql as program } from './migrations/008-program.ts';
import { readNumber } from './values.ts';

/** In order; the first brings a new database to version 1. A released one is never edited. */
export const migrations: readonly string[] = [
  transactions,
  incidents,
  checksums,
  alerts,
  identity,
  setAside,
  unfinished,
  program,
];

/** "HOLD": marks the file as ours, also for the tool `file`. */
const applicationId = 0x48_4f_4c_44;

/**
 * Reads only: what is not ours stays untouched.
 * @throws StoreError `version` where the database is newer than this code, or is not one of ours
 */
export function refuseForeign(db: DatabaseSync, path: string, steps: readonly string[] = migrations): void {
  const version = readNumber(db, 'pragma user_version');
  if (version > steps.length) {
    throw new StoreError(
      'version',
      `${path} has version ${version}, this Holdfast knows up to ${steps.length}: start ${programOf(db)}`,
    );
  }
  const isForeign = readNumber(db, 'pragma application_id') !== applicationId;
  if (isForeign && readNumber(db, 'select count(*) from sqlite_schema') > 0) {
    throw new StoreError('version', `${path} is not a database of Holdfast: name another data folder`);
  }
}

/** Who can open it, as it says itself. */
function programOf(db: DatabaseSync): string {
  try {
    const { version = '' } = db.prepare('select version from program').get() ?? {};
    if (version !== '') return `Holdfast ${version} or later`;
  } catch {
    // It does not say so: it is damaged, or was made by hand.
  }
  return 'the newer Holdfast that wrote it';
}

/**
 * Brings a database of ours, or an empty one, to the newest version: each step in a transaction of its own.
 * @param version of this program, for people who open it with an earlier one
 */
export function migrate(db: DatabaseSync, steps: readonly string[] = migrations, version = ''): void {
  const from = readNumber(db, 'pragma user_version');
  for (const [index, step] of steps.entries()) {
    if (index < from) continue;
    db.exec('begin immediate');
    try {
      db.exec(step);
      db.exec(`pragma application_id = ${applicationId}`);
      db.exec(`pragma user_version = ${index + 1}`);
      if (version !== '' && index + 1 === steps.length) {
        db.exec('delete from program');
        db.prepare('insert into program values (?)').run(version);
      }
      db.exec('commit');
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
  }
}
