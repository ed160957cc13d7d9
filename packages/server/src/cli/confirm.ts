import { createInterface } from 'node:readline/promises';
import { CommandError } from './error.ts';

/**
 * Asks a person for a yes.
 * @throws CommandError where the answer is another one, or nobody is there to ask
 */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandError(`${question}\nThere is no terminal for the question: add --yes to confirm.`);
  }
  // On stderr: what is printed on stdout is for programs.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const given = await terminal.question(`${question}\nGo on? [y/N] `);
    if (!/^y(es)?$/i.test(given.trim())) throw new CommandError('not confirmed: nothing was changed');
  } finally {
    terminal.close();
  }
}
