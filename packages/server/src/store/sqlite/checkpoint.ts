import type { DatabaseSync } from 'node:sqlite';
import { numberAt } from './values.ts';
import type { Checkpoint } from './worker/jobs.ts';

/** How long a restart may hold up the commits while somebody reads an old state. */
const restartBusyMs = 20;

/**
 * `passive` copies what it can from the WAL to the database while others read and write. `restart` also makes the next
 * commit begin the WAL anew; nobody may write meanwhile.
 */
export function checkpoint(db: DatabaseSync, mode: 'passive' | 'restart'): Checkpoint {
  const before = db.prepare('pragma busy_timeout').get();
  if (mode === 'restart') db.exec(`pragma busy_timeout = ${restartBusyMs}`);
  try {
    const row = Object.values(db.prepare(`pragma wal_checkpoint(${mode})`).get() ?? {});
    const walPages = numberAt(row, 1);
    return { isBlocked: numberAt(row, 0) !== 0, walPages, leftPages: walPages - numberAt(row, 2) };
  } finally {
    if (mode === 'restart') db.exec(`pragma busy_timeout = ${numberAt(Object.values(before ?? {}), 0)}`);
  }
}
