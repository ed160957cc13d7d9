import { createInterface } from 'node:readline/promises';
import { CommandError } from './error.ts';

/** Where a person may sit. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** On stderr: what is printed on stdout is for programs. */
const terminalHere: Terminal = { input: process.stdin, output: process.stderr };

/**
 * Asks a person for a yes.
 * @throws CommandError where the answer is another one or none, or nobody is there to ask
 */
export async function confirm(question: string, { input, output } = terminalHere): Promise<void> {
  if (input.isTTY !== true || output.isTTY !== true) {
    throw new CommandError(`${question}\nThere is no terminal to ask on: add --yes to confirm it.`);
  }
  const terminal = createInterface({ input, output });
  try {
    const given = await terminal.question(`${question}\nGo on? [y/N] `).catch((error: unknown) => {
      if (!isLeft(error)) throw error;
      output.write('\n');
      return '';
    });
    if (!/^y(es)?$/i.test(given.trim())) throw new CommandError('not confirmed: nothing was changed');
  } finally {
    terminal.close();
  }
}

/** Ctrl-C and Ctrl-D are a no. */
const isLeft = (error: unknown) => error instanceof Error && error.name === 'AbortError';
