import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A test whose name begins with numbers proves those rows (`22`), quirks (`Q9`) and differences (`D1`) of the protocol, or
 * shows that a known bug (`B2`) is not there: `22: every step succeeds`, `72, 73, Q31: prepared past its time-out it is cancelled`.
 */
export interface NumberedTest {
  readonly numbers: readonly string[];
  /** What the name says after the numbers. */
  readonly title: string;
  /** From the root of the project. */
  readonly file: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

/** The beginning of such a name. */
export const numberedName = /^((?:[QDB]?\d+)(?:, [QDB]?\d+)*): /;

/** The numbers and the rest of a name; undefined where it has no numbers. */
export function splitName(name: string): Pick<NumberedTest, 'numbers' | 'title'> | undefined {
  const numbers = numberedName.exec(name)?.[1];
  return numbers === undefined ? undefined : { numbers: numbers.split(', '), title: name.slice(numbers.length + 2) };
}

/**
 * What the reporter wrote, a line of JSON each; nothing where a run wrote nothing. The same test of two stores is one,
 * which passed where both did.
 */
export function readNumbered(files: readonly string[]): NumberedTest[] {
  const found = new Map<string, NumberedTest>();
  const written = files.filter((file) => existsSync(file));
  for (const line of written.flatMap((file) => readFileSync(file, 'utf8').split('\n'))) {
    if (line === '') continue;
    const test: NumberedTest = JSON.parse(line);
    const key = `${test.file}\n${test.numbers}\n${test.title}`;
    if ((found.get(key)?.outcome ?? 'passed') === 'passed') found.set(key, test);
  }
  return [...found.values()];
}

/** Where the numbered tests of a part of a run are recorded. */
export function recordOf(part: string): string {
  const cache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'holdfast');
  return join(cache, `numbered-${part.replaceAll(' ', '-')}.jsonl`);
}
