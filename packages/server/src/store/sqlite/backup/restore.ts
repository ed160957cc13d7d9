import { chmodSync, createReadStream, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Restored } from '../../capabilities.ts';
import { StoreError } from '../../store.ts';
import { toStoreError } from '../errors.ts';
import { openUnchanging } from '../quiet-database.ts';
import { makeFolder, syncPath } from '../synced.ts';
import { readText } from '../values.ts';
import { encodeRestored, restoredName, restoringName } from './restored.ts';

/**
 * Makes a data folder of a backup. Until all of it is on the disk the database has another name, beside which no store
 * starts; where it fails nothing stays.
 *
 * @param backup whole in itself, and not being written to
 * @throws StoreError `not-done` where the folder is not empty, `full` where there is no room
 */
export async function restoreInto(
  folder: string,
  backup: string,
  restored: Restored,
  copied: (bytes: number, total: number) => void = () => undefined,
): Promise<void> {
  try {
    refuseOthers(folder);
    const isNew = !existsSync(folder);
    await makeFolder(folder);
    await fill(folder, isNew, backup, restored, copied);
  } catch (error) {
    throw toStoreError(error, `a restore into ${folder}`, join(folder, restoringName));
  }
}

async function fill(
  folder: string,
  isNew: boolean,
  backup: string,
  restored: Restored,
  copied: (bytes: number, total: number) => void,
): Promise<void> {
  const partial = join(folder, restoringName);
  try {
    await writeSynced(partial, async () => undefined);
    await syncPath(folder);
    await refuseWithoutRoom(folder, backup);
    await writeSynced(partial, (file) => copy(backup, file, copied));
    verify(partial, backup);
    await writeSynced(join(folder, restoredName), async (file) => {
      await file.writeFile(encodeRestored(restored));
    });
    await syncPath(folder);
    await rename(partial, join(folder, 'holdfast.db'));
    await syncPath(folder);
  } catch (error) {
    await rm(partial, { force: true });
    await rm(join(folder, restoredName), { force: true });
    if (isNew) await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What an earlier restore that was cut off has left is no store, and goes. */
function refuseOthers(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  if (!existsSync(folder)) throw new StoreError('not-done', `${folder} is a link to something that is not there`);
  if (!statSync(folder).isDirectory()) throw new StoreError('not-done', `${folder} is not a folder`);
  const names = readdirSync(folder);
  const own = names.includes(restoringName) ? [restoringName, restoredName] : [];
  const others = names.filter((name) => !own.includes(name));
  if (others.length === 0) return;
  const more = others.length > 10 ? `, and ${others.length - 10} more` : '';
  throw new StoreError('not-done', `${folder} is not empty: it holds ${others.slice(0, 10).join(', ')}${more}`);
}

async function refuseWithoutRoom(folder: string, backup: string): Promise<void> {
  const neededBytes = statSync(backup).size;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= neededBytes) return;
  throw new StoreError(
    'full',
    `there is no room in ${folder}: ${neededBytes} bytes are needed, ${bavail * bsize} are free`,
  );
}

async function writeSynced(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    chmodSync(path, 0o600);
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function copy(from: string, to: FileHandle, copied: (bytes: number, total: number) => void): Promise<void> {
  const { size } = statSync(from);
  let bytes = 0;
  for await (const piece of createReadStream(from, { highWaterMark: 1024 * 1024 })) {
    await to.write(piece);
    bytes += piece.length;
    copied(bytes, size);
  }
}

function verify(path: string, backup: string): void {
  const isAsLong = statSync(path).size === statSync(backup).size;
  const db = openUnchanging(path);
  try {
    const found = isAsLong ? readText(db, 'pragma quick_check(1)') : 'it is not as long as the backup';
    if (found !== 'ok') throw new StoreError('not-done', `the copy is not whole: ${found}`);
  } finally {
    db.close();
  }
}
