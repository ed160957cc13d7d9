import { LineWriter, writeOut } from '../observe/line-writer.ts';

/** How long the end of a process may take to write what was not written yet. */
export const lastWordsMs = 1000;

/** Ends the process with a text on stderr, also where nobody takes it. */
export function endWith(code: number, text: string): never {
  const stderr = new LineWriter({ fd: 2 });
  if (text !== '') stderr.write(`${text}\n`);
  writeOut([stderr], lastWordsMs);
  process.exit(code);
}
