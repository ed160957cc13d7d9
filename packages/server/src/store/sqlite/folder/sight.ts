import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseHeader, databaseHeaderBytes, parseDatabaseHeader } from './database-header.ts';
import { type Identity, readIdentityAlone } from './identity.ts';
import { type FolderState, StateFile } from './state-file.ts';
import {
  type Frame,
  FrameChain,
  frameHeaderBytes,
  parseWalHeader,
  type WalHeader,
  walHeaderBytes,
} from './wal-file.ts';

export const databaseName = 'holdfast.db';
export const walName = 'holdfast.db-wal';
export const stateName = 'holdfast.state';
export const lockName = 'holdfast.lock';

/** What a data folder holds, as far as it says whether it is whole. */
export interface FolderSight {
  /** Undefined: there is no such file. */
  readonly database: DatabaseSight | undefined;
  readonly wal: WalSight | undefined;
  readonly state: FolderState | 'unreadable' | undefined;
  /** A rollback journal: SQLite was stopped while it made the database. */
  readonly hasJournal: boolean;
}

export interface DatabaseSight {
  readonly bytes: number;
  /** Undefined: it does not begin as a database of SQLite does. */
  readonly header: DatabaseHeader | undefined;
  /** Looked up only beside a state file. */
  readonly identity: Identity | undefined;
  /** Pages that the header counts and that are neither in the file nor in the WAL. */
  readonly missingPages: number;
}

export interface WalSight {
  readonly bytes: number;
  /** Undefined: it is damaged, or too short. */
  readonly header: WalHeader | undefined;
  /** From the beginning. */
  readonly wholeFrames: number;
  /**
   * Whole commits of its generation behind the first frame that is not whole: nobody can read them. A power cut leaves
   * such commits, which were not acknowledged, and so does damage, of which nobody can tell.
   */
  readonly commitsLost: number;
  /** Its first frame is whole and has the id of the state file: the commit that counts a start. */
  readonly beginsWithStart: boolean;
}

/** Looks at the files of a folder; nothing is written, locked or made. */
export function lookAtFolder(folder: string): FolderSight {
  const path = (name: string) => join(folder, name);
  const state = StateFile.read(path(stateName));
  const wal = lookAtWal(path(walName), state === 'unreadable' ? undefined : state);
  const journal = statSync(path(`${databaseName}-journal`), { throwIfNoEntry: false });
  const database = lookAtDatabase(path(databaseName), path(walName), state !== undefined);
  return { database, wal, state, hasJournal: (journal?.size ?? 0) > 0 };
}

function lookAtDatabase(path: string, walPath: string, hasState: boolean): DatabaseSight | undefined {
  return withFile(path, (file, bytes) => {
    const header = parseDatabaseHeader(readAt(file, 0, databaseHeaderBytes));
    const filePages = header === undefined ? 0 : Math.floor(bytes / header.pageBytes);
    const isShort = header !== undefined && filePages < header.pages;
    const identity = hasState && header !== undefined && !isShort ? readIdentityAlone(path) : undefined;
    const missingPages = isShort ? missingFrom(walPath, filePages, header.pages) : 0;
    return { bytes, header, identity, missingPages };
  });
}

function lookAtWal(path: string, state: FolderState | undefined): WalSight | undefined {
  return withFile(path, (file, bytes) => {
    const header = parseWalHeader(readAt(file, 0, walHeaderBytes));
    const { wholeFrames, commitsLost } = header === undefined ? noFrames : walkFrames(file, header);
    const beginsWithStart = state !== undefined && wholeFrames > 0 && beginsWith(file, header, state.id);
    return { bytes, header, wholeFrames, commitsLost, beginsWithStart };
  });
}

const noFrames = { wholeFrames: 0, commitsLost: 0 } as const;

function beginsWith(file: number, header: WalHeader | undefined, id: string): boolean {
  if (header === undefined) return false;
  return Buffer.from(readAt(file, walHeaderBytes, frameHeaderBytes + header.pageBytes)).includes(id);
}

/**
 * A checkpoint that was interrupted leaves a file shorter than its header says: it writes the first page first. Then the
 * other pages are in the WAL.
 */
function missingFrom(walPath: string, filePages: number, pages: number): number {
  const found = withFile(walPath, (file) => {
    const header = parseWalHeader(readAt(file, 0, walHeaderBytes));
    const inWal = new Set<number>();
    let pending: number[] = [];
    let pagesAfter = pages;
    if (header === undefined) return { inWal, pagesAfter };
    walkFrames(file, header, (frame) => {
      pending.push(frame.page);
      if (frame.pagesAfter === 0) return;
      for (const page of pending) inWal.add(page);
      pending = [];
      pagesAfter = frame.pagesAfter;
    });
    return { inWal, pagesAfter };
  });
  let missing = 0;
  for (let page = filePages + 1; page <= (found?.pagesAfter ?? pages); page += 1) {
    if (found?.inWal.has(page) !== true) missing += 1;
  }
  return missing;
}

const pieceFrames = 128;

/** Follows the whole frames; behind them it looks on for commits of the same generation. */
function walkFrames(
  file: number,
  header: WalHeader,
  each: (frame: Frame) => void = () => undefined,
): Pick<WalSight, 'wholeFrames' | 'commitsLost'> {
  const chain = new FrameChain(header);
  const { frameBytes } = chain;
  const piece = new ArrayBuffer(pieceFrames * frameBytes);
  let wholeFrames = 0;
  let commitsLost = 0;
  for (let seen = 0; ; ) {
    const at = walHeaderBytes + seen * frameBytes;
    const frames = Math.floor(readSync(file, new Uint8Array(piece), 0, piece.byteLength, at) / frameBytes);
    for (let offset = 0; offset < frames * frameBytes; offset += frameBytes) {
      const frame = chain.next(piece, offset);
      if (frame === undefined) chain.skip(piece, offset);
      else if (wholeFrames < seen) commitsLost += frame.pagesAfter === 0 ? 0 : 1;
      else {
        each(frame);
        wholeFrames += 1;
      }
      seen += 1;
    }
    if (frames < pieceFrames) return { wholeFrames, commitsLost };
  }
}

function withFile<T>(path: string, look: (file: number, bytes: number) => T): T | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const file = openSync(path, 'r');
  try {
    return look(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, position));
}
