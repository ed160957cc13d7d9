import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { BackupFile } from '../../capabilities.ts';
import { StoreError } from '../../store.ts';
import { toStoreError } from '../errors.ts';
import { newIdentity } from '../folder/identity.ts';
import { openUnchanging } from '../quiet-database.ts';
import { syncPath } from '../synced.ts';
import { readNumber, readText } from '../values.ts';
import type { Ask } from '../worker/jobs.ts';
import { removeOldest, removeUnfinished, unfinishedNames } from './backup-name.ts';

/** What a backup leaves free on the disk of the data folder: the WAL may grow to this while it is made. */
const leftFreeBytes = 64 * 1024 * 1024;

/**
 * A consistent copy of the database, verified and on the disk under its final name when this resolves. The open
 * transaction keeps the copy at one state; commits go on meanwhile. Where it fails nothing of it is left.
 *
 * @throws StoreError `full` where there is no room, `not-done` for every other reason: whatever is wrong with the disk
 *   of the copy is no damage of the store
 */
export async function writeBackup(db: DatabaseSync, { folder, name, keep }: Ask<'backup'>): Promise<BackupFile> {
  const path = join(folder, name);
  const unfinished = unfinishedNames(path);
  const [partial] = unfinished;
  db.exec('begin');
  try {
    await removeUnfinished(folder);
    db.prepare('select 1 from transactions limit 1').get();
    await refuseWithoutRoom(db, folder);
    // The file is only its owner's, and surely new: SQLite would make it readable for all, and follow a link.
    await (await open(partial, 'wx', 0o600)).close();
    await backup(db, partial, { rate: 1024 });
    makeAnother(partial);
    await syncPath(partial);
    verify(partial);
    await rename(partial, path);
    await syncPath(folder);
  } catch (error) {
    for (const one of unfinished) await rm(one, { force: true });
    throw notMade(error, folder);
  } finally {
    db.exec('rollback');
  }
  const { size: bytes } = await stat(path);
  return { path, bytes, removed: keep === undefined ? [] : await removeOld(path, name, keep) };
}

/** A backup is a database of its own: beside the state file or the WAL of the one it was made from it is refused. */
function makeAnother(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    newIdentity(copy);
  } finally {
    copy.close();
  }
}

/** @throws StoreError `full`, with what is needed and what is free */
async function refuseWithoutRoom(db: DatabaseSync, folder: string): Promise<void> {
  const bytes = readNumber(db, 'pragma page_count') * readNumber(db, 'pragma page_size');
  const data = await stat(dirname(db.location() ?? folder));
  const isSameDisk = (await stat(folder)).dev === data.dev;
  const neededBytes = bytes + (isSameDisk ? leftFreeBytes : 0);
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  const why = isSameDisk ? `${bytes} for the copy and ${leftFreeBytes} that the store itself may need` : 'for the copy';
  throw new StoreError(
    'full',
    `there is no room in ${folder}: ${neededBytes} bytes are needed (${why}), ${freeBytes} are free`,
  );
}

/** A quick look through every page. As nobody writes to the copy, no lock and no file beside it is needed. */
function verify(path: string): void {
  const copy = openUnchanging(path);
  try {
    const found = readText(copy, 'pragma quick_check(1)');
    if (found !== 'ok') throw new StoreError('not-done', `the copy is not whole: ${found}`);
  } finally {
    copy.close();
  }
}

function notMade(error: unknown, folder: string): StoreError {
  const { code, message } = toStoreError(error, `a backup in ${folder}`, join(folder, 'backup'));
  return new StoreError(code === 'full' ? 'full' : 'not-done', `${message}; no backup was made`);
}

async function removeOld(path: string, name: string, keep: number): Promise<string[]> {
  try {
    return await removeOldest(dirname(path), keep, name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError('not-done', `the backup is made, ${path}, but an older one could not be removed: ${why}`);
  }
}
