import { join } from 'node:path';
import type { Identity } from './identity.ts';
import { type DatabaseSight, databaseName, type FolderSight, stateName, type WalSight, walName } from './sight.ts';
import type { FolderState } from './state-file.ts';
import { isLaterGeneration, isSameGeneration, type WalGeneration } from './wal-file.ts';

/** Why a folder is not opened. */
export interface Damage {
  readonly file: string;
  /** What is wrong with the file: completes `<file> ...`. */
  readonly met: string;
  readonly expected: string;
}

/**
 * Whether a folder lacks what was once on the disk; undefined: it is whole, as far as can be told. Everything that a
 * process that was killed, or a power cut, can leave is whole. docs/decisions/0016-damaged-folders.md has the table.
 */
export function judgeFolder({ database, wal, state, hasJournal }: FolderSight): Damage | undefined {
  if (state === 'unreadable') {
    return { file: stateName, met: 'is damaged', expected: 'one of its two lines with the right checksum' };
  }
  return judgeDatabase(database, wal, state, hasJournal) ?? judgeWal(wal, state);
}

/** Commits in the WAL that nobody can read, where a power cut may be the reason: the folder is opened, and it is told. */
export function lostCommits(folder: string, { wal }: FolderSight): string | undefined {
  if (wal === undefined || wal.commitsLost === 0) return undefined;
  return (
    `${join(folder, walName)}: frame ${wal.wholeFrames + 1} is damaged, and ${wal.commitsLost} commits behind it cannot be read. ` +
    'If the power failed or the machine crashed, this is usual, and nothing that was acknowledged is missing. ' +
    'If not, the file was damaged on the disk or by a copy, and what was acknowledged last is missing'
  );
}

/**
 * Whether the database, read with its WAL, is the one that the state file was written for.
 *
 * @param identity undefined: it has none, or SQLite cannot read it
 */
export function judgeIdentity(identity: Identity | undefined, { wal, state }: FolderSight): Damage | undefined {
  if (state === undefined || state === 'unreadable') return undefined;
  // The start after a clean stop counts more than the state file does.
  const isCounted = identity !== undefined && identity.starts > state.starts;
  if (state.phase === 'closed' && isBegunByStart(wal, state) && !isCounted) return needlessWal(wal?.header, state);
  return identity === undefined ? noId(state) : judgeBelonging(identity, state);
}

function judgeBelonging(identity: Identity, state: FolderState): Damage | undefined {
  if (identity.id !== state.id) {
    return { file: databaseName, met: `is another database: its id is ${identity.id}`, expected: `the id ${state.id}` };
  }
  if (identity.starts < state.starts) {
    return {
      file: databaseName,
      met: `is an older copy: it was started ${identity.starts} times`,
      expected: `at least ${state.starts} starts`,
    };
  }
  return undefined;
}

const noId = ({ id }: FolderState): Damage => ({
  file: databaseName,
  met: 'has no id that can be read',
  expected: `the id ${id}`,
});

function judgeDatabase(
  database: DatabaseSight | undefined,
  wal: WalSight | undefined,
  state: FolderState | undefined,
  hasJournal: boolean,
): Damage | undefined {
  const walBytes = wal?.bytes ?? 0;
  const others = [
    ...(walBytes > 0 ? [`${walName} (${walBytes} bytes)`] : []),
    ...(state === undefined ? [] : [stateName]),
  ].join(' and ');
  const expected = `the database that belongs to ${others}`;
  if (others !== '' && database === undefined) return { file: databaseName, met: 'is missing', expected };
  if (others !== '' && database?.bytes === 0) return { file: databaseName, met: 'is empty', expected };
  if (database === undefined) return undefined;
  const { bytes, header, identity, missingPages } = database;
  if (others !== '' && header === undefined) return { file: databaseName, met: 'is not a database', expected };
  // While SQLite makes a database, its journal has what the file lacks.
  const isBeingMade = hasJournal && others === '';
  if (header !== undefined && missingPages > 0 && !isBeingMade) {
    const whole = header.pages * header.pageBytes;
    return {
      file: databaseName,
      met: `is too short: it has ${bytes} bytes, and ${missingPages} of its pages are nowhere`,
      expected: `at least ${whole} bytes, as its header says, or the missing pages in ${walName}`,
    };
  }
  if (state === undefined) return undefined;
  // A checkpoint that was interrupted can leave a file that cannot be read without its WAL.
  if (identity === undefined) return walBytes === 0 ? noId(state) : undefined;
  return judgeBelonging(identity, state);
}

function judgeWal(wal: WalSight | undefined, state: FolderState | undefined): Damage | undefined {
  if (state === undefined) return undefined;
  switch (state.phase) {
    case 'closed':
      return judgeNeedlessWal(wal, state);
    case 'open':
      return judgeNeededWal(wal, state);
    default:
      return state.phase satisfies never;
  }
}

/** After a clean stop: the last WAL may still be there, and the next start may have begun a new one. */
function judgeNeedlessWal(wal: WalSight | undefined, state: FolderState): Damage | undefined {
  const header = wal?.header;
  if (header === undefined || header.sequence === 0 || isSameOrLater(header, state.wal)) return undefined;
  return needlessWal(header, state);
}

const isBegunByStart = (wal: WalSight | undefined, state: FolderState) =>
  wal?.header !== undefined && wal.beginsWithStart && !isSameOrLater(wal.header, state.wal);

const needlessWal = (header: WalGeneration | undefined, { wal: last }: FolderState): Damage => ({
  file: walName,
  met: `is an older one${header === undefined ? '' : `: ${describe(header)}`}`,
  expected: `none, because the last stop was clean, or the one of then: ${describe(last)}`,
});

function judgeNeededWal(wal: WalSight | undefined, { wal: named }: FolderState): Damage | undefined {
  const expected = `${named.frames} whole frames of the generation ${describe(named)}, or a later generation`;
  if (wal === undefined) return { file: walName, met: 'is missing', expected };
  const { bytes, header, wholeFrames } = wal;
  if (bytes === 0) return { file: walName, met: 'is empty', expected };
  if (header === undefined) return { file: walName, met: `has a damaged header (${bytes} bytes)`, expected };
  if (!isSameOrLater(header, named)) {
    return { file: walName, met: `is of another generation: ${describe(header)}`, expected };
  }
  if (isSameGeneration(header, named) && wholeFrames < named.frames) {
    return { file: walName, met: `is too short or damaged: ${wholeFrames} whole frames in ${bytes} bytes`, expected };
  }
  return undefined;
}

const isSameOrLater = (one: WalGeneration, other: WalGeneration) =>
  isSameGeneration(one, other) || isLaterGeneration(one, other);

const describe = ({ salt1, salt2 }: WalGeneration) =>
  `${salt1.toString(16).padStart(8, '0')}-${salt2.toString(16).padStart(8, '0')}`;
