import { StoreError, type StoreErrorCode } from '../store.ts';
import { refusalOfSystem } from './probe.ts';

/** Primary result codes of SQLite, and extended ones whose low byte they are (sqlite.org/rescode.html). */
const codes = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;
const extended = { ioWrite: 778, ioNoMemory: 3082, shmSize: 4874, shmMap: 5386, databaseMoved: 1032 } as const;

/** What an error means, and what to do about it, in words that are the same at the start, in the log and in `/readyz`. */
interface Judgement {
  /** The system's name of it, such as `ENOSPC`. */
  readonly name?: string;
  readonly code: StoreErrorCode;
  readonly what: string;
  readonly advice: string;
}

/** What the system can say to a write that was not done. `full`: it goes on by itself once there is room. */
const refusals: Readonly<Record<string, Judgement>> = {
  ENOSPC: { code: 'full', what: 'the disk is full', advice: 'make room on the disk' },
  EDQUOT: {
    code: 'full',
    what: 'the disk quota of this user is used up',
    advice: 'raise the quota or make room within it',
  },
  EFBIG: {
    code: 'full',
    what: 'a file would become larger than this process may make it',
    advice: 'raise the limit of file sizes (ulimit -f, LimitFSIZE; prlimit --fsize for a process that runs)',
  },
  EROFS: {
    code: 'not-done',
    what: 'the file system is mounted read-only',
    advice: 'mount it for writing; if the kernel made it read-only after an error, the log of the kernel has the error',
  },
  EMFILE: {
    code: 'not-done',
    what: 'this process has too many files open',
    advice: 'raise the limit of open files (ulimit -n, LimitNOFILE)',
  },
  ENFILE: {
    code: 'not-done',
    what: 'this machine has too many files open',
    advice: 'raise fs.file-max, or end the programs that have them open',
  },
  ENOMEM: { code: 'not-done', what: 'there is no free memory', advice: 'give the machine or this process more memory' },
  EACCES: {
    code: 'not-done',
    what: 'this user may not write there',
    advice: 'give the folder and its files to the user that Holdfast runs as',
  },
};
const aliases: Readonly<Record<string, string>> = { EPERM: 'EACCES', ENOBUFS: 'ENOMEM' };

const damaged: Judgement = {
  code: 'fatal',
  what: 'the file is damaged or is not a database',
  advice: 'copy the folder, then restore a backup',
};
const broken: Judgement = {
  code: 'fatal',
  what: 'the disk or its driver reported an error',
  advice: 'the log of the kernel has the error; start Holdfast again: it goes on with what is on the disk',
};

/**
 * The one judge of what a store error means, at the start and later. A lack of room, memory, descriptors or permission
 * that a write met before its commit is known to have written nothing. What met an I/O error is not safe to go on
 * after: nobody knows what is on the disk. A backup is recommended only where damage is proven.
 *
 * SQLite does not tell which error the system gave it, so the system is asked again, see `refusalOfSystem`.
 *
 * @param path of the database
 */
export function toStoreError(error: unknown, doing: string, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const { code, what, advice, name } = judge(error, path);
  if (what === '') return new StoreError(code, `${doing}: ${text}`, { cause: error });
  const nothing = code === 'full' || code === 'not-done' ? '; nothing was written' : '';
  return new StoreError(code, `${doing}: ${what} (${name ?? text})${nothing}: ${advice}`, { cause: error });
}

const unexplained: Judgement = { code: 'fatal', what: '', advice: '' };
const refused: Judgement = {
  code: 'fatal',
  what: 'the system refused it',
  advice: 'Holdfast must be able to make and write files there',
};

function judge(error: unknown, path: string): Judgement {
  const result = resultCode(error);
  switch (result & 0xff) {
    case 0:
      return refusal(systemCode(error)) ?? (systemCode(error) === undefined ? unexplained : refused);
    case codes.full:
      return refusal('ENOSPC') ?? unexplained;
    case codes.busy:
    case codes.locked:
      return {
        code: 'not-done',
        what: 'the database is locked',
        advice: 'another program holds it; it is tried again',
      };
    case codes.corrupt:
    case codes.notADatabase:
      return damaged;
    case codes.noMemory:
      return unsure(refusal('ENOMEM'));
    case codes.cannotOpen:
    case codes.readOnly:
      return result === extended.databaseMoved ? unexplained : (refusal(refusalOfSystem(path)) ?? refused);
    case codes.io:
      return judgeIo(result, path);
    default:
      return unexplained;
  }
}

function judgeIo(result: number, path: string): Judgement {
  switch (result) {
    case extended.ioWrite:
      return refusal(refusalOfSystem(path)) ?? broken;
    case extended.shmSize:
    case extended.shmMap:
      return unsure(refusal(refusalOfSystem(path)));
    case extended.ioNoMemory:
      return unsure(refusal('ENOMEM'));
    default:
      return broken;
  }
}

/**
 * SQLite enters a commit in the index of the WAL after it has written it to the WAL: what fails there is rolled back for
 * those who run, and would be found by the next start. It is to be issued again until it is known.
 */
function unsure(found: Judgement | undefined): Judgement {
  return found === undefined ? broken : { ...found, code: 'unknown-outcome' };
}

function refusal(code: string | undefined): Judgement | undefined {
  const found = code === undefined ? undefined : refusals[aliases[code] ?? code];
  return found && code !== undefined ? { ...found, name: code } : undefined;
}

/** `ENOSPC` of an error of the system. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return String(error.code);
}

/** The extended result code of an error of node:sqlite, 0 for any other error. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0;
  return error.errcode;
}

export const isBusy = (error: unknown) => (resultCode(error) & 0xff) === codes.busy;

/** Whether damage is proven: the file is malformed, or is no database. */
export const isDamage = (error: unknown) =>
  [codes.corrupt, codes.notADatabase].some((one) => one === (resultCode(error) & 0xff));

/** Whether the disk or the file is broken, and not only what was asked of it: nothing in it can be relied on now. */
export function isLost({ code, cause }: StoreError): boolean {
  return (
    code === 'fatal' && [codes.io, codes.corrupt, codes.notADatabase].some((one) => one === (resultCode(cause) & 0xff))
  );
}
