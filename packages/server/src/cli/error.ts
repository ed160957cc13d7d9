/** Something did not work that a person can do something about: the message says what and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** How the process ends: 0 as asked; 1 it could not do it; 2 it was asked wrongly. */
export const exitCodes = { done: 0, failed: 1, badSettings: 2 } as const;
