import { StoreError } from '../store.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const codes = { busy: 5, locked: 6, full: 13 } as const;

/**
 * What an error of SQLite means to the caller of a write that was rolled back. A full disk and a lock are known to have
 * written nothing. Everything else is not safe to go on after: an I/O error at COMMIT leaves open what is on the disk.
 */
export function toStoreError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const message = `${doing}: ${text}`;
  switch (resultCode(error)) {
    case codes.full:
      return new StoreError('full', `${message}; nothing was written: make room on the disk`, { cause: error });
    case codes.busy:
    case codes.locked:
      return new StoreError('not-done', `${message}; nothing was written`, { cause: error });
    default:
      return new StoreError('fatal', message, { cause: error });
  }
}

/** The primary result code of an error of node:sqlite, 0 for any other error. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0;
  return error.errcode & 0xff;
}

export const isBusy = (error: unknown) => resultCode(error) === codes.busy;

/** Whether the disk or the file is broken: IOERR, CORRUPT, NOTADB. */
export const isDamage = (error: unknown) => [10, 11, 26].includes(resultCode(error));
