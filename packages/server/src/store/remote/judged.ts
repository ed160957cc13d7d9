import { StoreError, type StoreErrorCode } from '../store.ts';

/**
 * What an error of a database server means, in no dialect. Only what the server itself has said before its COMMIT is
 * known to have written nothing.
 *
 * - `locked`: it waited too long for a lock that somebody else holds
 * - `again`: it met another transaction (deadlock, serialization), and may be issued again at once
 * - `data`: what one row holds cannot be written
 * - `moved`: this server does not write any more: another one may
 * - `refused`: the server did not do it, for a reason that may pass
 * - `full`: the server has no room
 * - `unreached`: it was never sent: no connection could be made
 * - `unknown`: perhaps done, perhaps not
 */
export type Judgement = 'locked' | 'again' | 'data' | 'moved' | 'refused' | 'full' | 'unreached' | 'unknown';

/** An error of a call to the server, judged; its message says what to do where that is known. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly judgement: Judgement;

  constructor(judgement: Judgement, message: string, cause?: unknown) {
    super(message, { cause });
    this.judgement = judgement;
  }
}

/** Nothing that a shared store meets while it is open ends the process: it may pass, and others may be served. */
const codes: Readonly<Record<Judgement, StoreErrorCode>> = {
  locked: 'not-done',
  again: 'not-done',
  data: 'not-done',
  moved: 'not-done',
  refused: 'not-done',
  full: 'full',
  unreached: 'not-done',
  unknown: 'unknown-outcome',
};

/** For a write. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof RemoteError) return new StoreError(codes[error.judgement], error.message, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError('unknown-outcome', message, { cause: error });
}

/** For a start: one whose server would lose what it acknowledges is refused, and tried no more. */
export function ofOpening(error: unknown): StoreError {
  const cause = error instanceof RemoteError ? error.cause : undefined;
  return cause instanceof StoreError ? cause : ofReading(error);
}

/** For what only reads: nothing was done, however it ended. */
export function ofReading(error: unknown): StoreError {
  const { code, message, cause } = toStoreError(error);
  return code === 'unknown-outcome' ? new StoreError('not-done', message, { cause }) : toStoreError(error);
}
