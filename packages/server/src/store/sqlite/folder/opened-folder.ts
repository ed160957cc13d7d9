import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../store.ts';
import { refuseHalfRestored } from '../backup/restored.ts';
import { checkpoint } from '../checkpoint.ts';
import { connect, connectReader, loopSettings } from '../connection.ts';
import { isDamage, toStoreError } from '../errors.ts';
import { migrate, migrations, refuseForeign } from '../migrate.ts';
import { makeFolder, syncPath } from '../synced.ts';
import { numberAt, readNumber } from '../values.ts';
import { type WalFile, WalSync } from '../wal-sync.ts';
import { countStart, readIdentity } from './identity.ts';
import { type Damage, judgeFolder, judgeIdentity, lostCommits } from './judgement.ts';
import { FolderLock } from './lock.ts';
import { FolderRecord } from './record.ts';
import { databaseName, type FolderSight, lockName, lookAtFolder, stateName, walName } from './sight.ts';

/** Opens the file that the commits are synced through; SQLite has created it. */
export type OpenWal = (path: string) => Promise<WalFile>;

export interface OpenFolderParts {
  readonly openWal: OpenWal;
  /** A sync has failed: what is on the disk is not known. */
  readonly failed: (error: StoreError) => void;
  /** Of this program. Default: the folder does not name it. */
  readonly version?: string;
}

interface OpenedFolderParts {
  readonly lock: FolderLock;
  readonly db: DatabaseSync;
  readonly reader: DatabaseSync;
  readonly wal: WalSync;
  readonly record: FolderRecord;
  readonly caution: string | undefined;
}

/** The data folder with its lock, opened after a look at whether it is whole. */
export class OpenedFolder {
  /** The event loop's connection. */
  readonly db: DatabaseSync;
  readonly wal: WalSync;
  readonly record: FolderRecord;
  /** What was found at the opening and did not keep it from that. */
  readonly caution: string | undefined;
  readonly #lock: FolderLock;
  readonly #reader: DatabaseSync;

  private constructor({ lock, db, reader, wal, record, caution }: OpenedFolderParts) {
    this.#lock = lock;
    this.db = db;
    this.#reader = reader;
    this.wal = wal;
    this.record = record;
    this.caution = caution;
  }

  /** @throws StoreError `locked`, `damaged` or `version` where the files are left as they are */
  static async open(folder: string, { openWal, failed, version = '' }: OpenFolderParts): Promise<OpenedFolder> {
    const path = join(folder, databaseName);
    let lock: FolderLock | undefined;
    let reader: DatabaseSync | undefined;
    let db: DatabaseSync | undefined;
    let wal: WalSync | undefined;
    try {
      await makeFolder(folder);
      lock = await FolderLock.take(join(folder, lockName), folder);
      refuseHalfRestored(folder);
      const sight = lookAtFolder(folder);
      refuse(folder, judgeFolder(sight));
      const state = sight.state === 'unreadable' ? undefined : sight.state;
      if ((sight.database?.bytes ?? 0) > 0) {
        // A copy that was put here may not be on the disk yet. Later its locks would go with the descriptor.
        if (state === undefined) await syncPath(path);
        if (sight.hasJournal) takeBack(path);
        reader = openReader(folder, path, sight);
      }
      db = connect(path, loopSettings);
      reader ??= connectReader(path);
      // What was no WAL database before is one now: it takes hold of it as such.
      readNumber(reader, 'select count(*) from sqlite_schema');
      const caution = lostCommits(folder, sight);
      // The next commit begins the WAL anew: written behind the whole frames it would leave the lost ones to be met again.
      if (caution !== undefined) checkpoint(db, 'restart');
      // Beside a state file the first commit of all counts the start; before that there may be nothing to count in.
      if (state !== undefined) countStart(db);
      migrate(db, migrations, version);
      if (state === undefined) countStart(db);
      wal = new WalSync(await openWal(join(folder, walName)), failed);
      // A process that was killed may have left commits that were never synced; from here on they are read.
      await wal.written();
      const identity = readIdentity(db);
      if (identity === undefined)
        throw new StoreError('version', `${path} has no id: it is not a database of Holdfast`);
      const record = await FolderRecord.begin(folder, { identity, frames: frameCount(db), earlier: state, failed });
      return new OpenedFolder({ lock, db, reader, wal, record, caution });
    } catch (error) {
      // Judged while it holds what it held: descriptors, for example.
      const judged = toStoreError(error, `the store in ${folder} cannot be opened`, path);
      await wal?.close();
      db?.close();
      reader?.close();
      lock?.release();
      throw judged;
    }
  }

  /**
   * @param isSound nothing has failed: what the store holds may be called complete
   */
  async close(isSound: boolean): Promise<void> {
    await this.wal.close();
    const isWhole = isSound && (await this.#end());
    // With the reader gone SQLite removes the WAL. Otherwise it stays, for the next start.
    if (isWhole) this.#reader.close();
    this.db.close();
    if (!isWhole) this.#reader.close();
    await this.record.close();
    this.#lock.release();
  }

  async #end(): Promise<boolean> {
    try {
      return await this.record.end(() => checkpoint(this.db, 'passive'));
    } catch {
      // A disk without room, or a broken one: the WAL has everything, and the next start tells what is wrong.
      return false;
    }
  }
}

/** What SQLite began when it made the database. Only a connection that may write can undo it. */
function takeBack(path: string): void {
  const db = new DatabaseSync(path);
  try {
    refuseForeign(db, path);
  } finally {
    db.close();
  }
}

function openReader(folder: string, path: string, sight: FolderSight): DatabaseSync {
  try {
    return connectReader(path, (file) => {
      refuseForeign(file, path);
      refuse(folder, judgeIdentity(readIdentity(file), sight));
    });
  } catch (error) {
    if (isDamage(error)) refuse(folder, judgeIdentity(undefined, sight));
    throw error;
  }
}

function refuse(folder: string, damage: Damage | undefined): void {
  if (damage !== undefined) throw damaged(folder, damage);
}

function damaged(folder: string, { file, met, expected }: Damage): StoreError {
  return new StoreError(
    'damaged',
    `${join(folder, file)} ${met}.
Expected: ${expected}.
Nothing was changed. Do one of these:
- Put the right ${file} back, if it was moved or replaced.
- Restore a backup into another folder: holdfast restore BACKUP --to DIR
- To go on with what is there, copy the folder first, then remove ${file === stateName ? stateName : `${stateName}${file === databaseName ? ` and ${walName}` : ''}`}. Transactions that were acknowledged may be lost.`,
  );
}

/** Frames of the WAL. An SQLite before 3.51 does not know `noop` and makes a passive checkpoint. */
function frameCount(db: DatabaseSync): number {
  const row = Object.values(db.prepare('pragma wal_checkpoint(noop)').get() ?? {});
  return Math.max(numberAt(row, 1), 0);
}
