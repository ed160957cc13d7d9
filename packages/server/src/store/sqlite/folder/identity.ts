import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isDamage } from '../errors.ts';

/** What a database says of itself. */
export interface Identity {
  /** 32 hexadecimal digits, drawn when the database was made; a backup gets one of its own. */
  readonly id: string;
  /** How often it was opened by a coordinator: the first commit of each start adds 1. */
  readonly starts: number;
}

/** Undefined: it has none yet, or what is there is none. */
export function readIdentity(db: DatabaseSync): Identity | undefined {
  if (db.prepare("select 1 from sqlite_schema where name = 'identity'").get() === undefined) return undefined;
  const { id, starts } = db.prepare('select id, starts from identity').get() ?? {};
  if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id) || typeof starts !== 'number') return undefined;
  return { id, starts };
}

/**
 * What the file of the database says without its WAL. SQLite takes no lock, looks for no other file and writes nothing.
 * Undefined also where the file cannot be read alone: a checkpoint that was interrupted leaves it so.
 */
export function readIdentityAlone(path: string): Identity | undefined {
  const db = new DatabaseSync(new URL(`${pathToFileURL(path).href}?immutable=1`), { readOnly: true });
  try {
    return readIdentity(db);
  } catch (error) {
    if (!isDamage(error)) throw error;
    // Whether the file is damaged is not decided here: SQLite reads it together with its WAL later.
    return undefined;
  } finally {
    db.close();
  }
}

export function newIdentity(db: DatabaseSync): void {
  db.exec('update identity set id = lower(hex(randomblob(16))), starts = 0');
}

/** The commit that each start begins with. */
export function countStart(db: DatabaseSync): void {
  db.exec('update identity set starts = starts + 1');
}
