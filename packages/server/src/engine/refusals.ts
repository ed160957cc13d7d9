import { HoldfastError } from '@holdfast/core';
import { StoreError } from '../store/store.ts';

/** What bad input was refused with; anything else is thrown on. */
export function asRefusal(error: unknown): HoldfastError {
  if (error instanceof HoldfastError && error.code === 'INVALID_INPUT') return error;
  throw error;
}

export function cannotWrite(why: string): HoldfastError {
  return new HoldfastError('UNAVAILABLE', `the store cannot write now, nothing was changed: ${why}`, {
    retryAfterMs: 1000,
  });
}

/** What the store cannot do now, as an answer to whoever asked. */
export function refuse(cause: unknown): never {
  if (cause instanceof StoreError && cause.code === 'bad-position') {
    throw new HoldfastError('INVALID_INPUT', 'position: must be the next_position of the last page', {
      field: 'position',
      cause,
    });
  }
  // Asking again does not help: a human must be told why.
  if (cause instanceof StoreError && cause.code === 'version')
    throw new HoldfastError('INTERNAL', cause.message, { cause });
  // Another coordinator can: a client that asks again finds it.
  if (cause instanceof StoreError && cause.code === 'newer')
    throw new HoldfastError('UNAVAILABLE', `this transaction cannot be served here: ${cause.message}`, {
      retryAfterMs: 1000,
      cause,
    });
  throw new HoldfastError('UNAVAILABLE', 'the store cannot serve this now', { retryAfterMs: 1000, cause });
}

/** What is stored can be read, and this version cannot drive it: whoever asks now has asked for nothing wrong. */
export function cannotDrive(cause: unknown): HoldfastError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const what = 'use the version of Holdfast that wrote it, or end it with holdfast stop';
  return new HoldfastError('INTERNAL', `this version cannot drive what is stored (${why}): ${what}`, { cause });
}

export function unknownGid(): HoldfastError {
  return new HoldfastError('NOT_FOUND', 'gid: no such transaction', { field: 'gid' });
}

export function changedByOthers(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'the transaction is being changed by others; try again', {
    retryAfterMs: 500,
  });
}
