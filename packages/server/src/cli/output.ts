import { exitCodes } from './error.ts';
import { endWith } from './last-words.ts';

export interface WatchedOutput {
  /** For a command that goes on whoever reads, as `serve` does. */
  unwatch(): void;
}

/**
 * What a command prints is its result: where it cannot be written the command ends, and not with 0. Quietly where the
 * reader has seen enough, as in `holdfast list | head -1`.
 */
export function endWhereOutputFails(): WatchedOutput {
  const end = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.outputClosed);
    const text = `holdfast: the output cannot be written (${error.message}). What was asked for may have been done.`;
    endWith(exitCodes.failed, text);
  };
  // Where stderr is broken nobody can be told.
  const ignore = () => undefined;
  process.stdout.on('error', end);
  process.stderr.on('error', ignore);
  return {
    unwatch: () => {
      process.stdout.off('error', end);
      process.stderr.off('error', ignore);
    },
  };
}

/** Resolves once all that was printed is written. Where that fails the process ends as above. */
export function outputWritten(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write('', () => resolve());
  });
}

/** How many columns people see; undefined where a program or a file reads along, which gets whole lines. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY === true ? process.stdout.columns : undefined;
}
