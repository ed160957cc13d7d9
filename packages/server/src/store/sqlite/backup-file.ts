import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { newIdentity } from './identity.ts';
import type { Ask, BackupFile } from './jobs.ts';

const partial = '.partial';

/**
 * A consistent copy of the database, on the disk under its final name when this resolves. The open transaction keeps
 * the copy at one state; commits go on meanwhile.
 */
export async function writeBackup(db: DatabaseSync, { folder, name }: Ask<'backup'>): Promise<BackupFile> {
  await removeUnfinished(folder);
  const path = join(folder, name);
  const unfinished = path + partial;
  db.exec('begin');
  try {
    db.prepare('select 1 from transactions limit 1').get();
    await backup(db, unfinished, { rate: 1024 });
    makeAnother(unfinished);
    await sync(unfinished);
    await rename(unfinished, path);
    await sync(folder);
    return { path, bytes: (await stat(path)).size };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    db.exec('rollback');
  }
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

/** What a process that died in the middle has left. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    // Beside the copy itself these can be files of SQLite: `.partial-journal`, `.partial-wal`, `.partial-shm`.
    if (name.includes(`.db${partial}`)) await rm(join(folder, name), { force: true });
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
