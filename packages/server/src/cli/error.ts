/** Something did not work that a person can do something about: the message says what and what to do. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** The command was written wrongly: nothing was asked or done. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/**
 * How the process ends: 0 as asked; 1 it could not do it; 2 it was asked wrongly; 141 as a program that SIGPIPE ended:
 * whoever read its output has gone, as in `holdfast list | head -1`.
 */
export const exitCodes = { done: 0, failed: 1, badSettings: 2, outputClosed: 141 } as const;
