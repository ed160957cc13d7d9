import { bugs } from '../conformance/bugs.ts';
import { differences } from '../conformance/differences.ts';
import { quirks } from '../conformance/quirks.ts';
import { notServedYet, provedAnywhere, rows } from '../conformance/rows.ts';
import type { NumberedTest } from './numbered.ts';
import { filesOnAnyStore } from './on-store.ts';

const known = new Set([...rows, ...quirks, ...bugs].map(({ number }) => number));
/** Numbers of differences that have one of their own, in order. */
export const ownNumbers: readonly string[] = differences
  .flatMap(({ shownBy }) => shownBy.filter((number) => number.startsWith('D')))
  .sort((one, other) => Number(one.slice(1)) - Number(other.slice(1)));

const own = new Set(ownNumbers);
const onAnyStore = new Set(filesOnAnyStore());

export function testsOf(number: string, tests: readonly NumberedTest[]): NumberedTest[] {
  return tests.filter(({ numbers }) => numbers.includes(number));
}

/** What a run leaves open: nothing where every row, quirk, difference and bug has its proof, and nothing else is claimed. */
export function gapsOf(tests: readonly NumberedTest[], missing = notServedYet): string[] {
  return [
    ...tests
      .filter(({ outcome }) => outcome !== 'passed')
      .map(({ numbers, title, file, outcome }) => `${numbers.join(', ')}: ${outcome} (${file}: ${title})`),
    ...tests.flatMap(({ numbers, file }) =>
      numbers
        .filter((number) => !known.has(number) && !own.has(number))
        .map((number) => `${number}: no such row, quirk, difference or bug (${file})`),
    ),
    ...[...known, ...own].flatMap((number) => gapOf(number, testsOf(number, tests), missing) ?? []),
    ...differences
      .flatMap(({ what, rows: differing, shownBy }) => [...differing, ...shownBy].map((number) => ({ what, number })))
      .filter(({ number }) => !known.has(number) && !own.has(number))
      .map(({ what, number }) => `${number}: no such row or quirk (difference: ${what})`),
  ];
}

function gapOf(number: string, tests: readonly NumberedTest[], missing: readonly string[]): string | undefined {
  const isRow = /^\d/.test(number) && !provedAnywhere.includes(number);
  const isProved = tests.some(({ file }) => !isRow || onAnyStore.has(file));
  const isListed = missing.includes(number);
  if (isProved && isListed)
    return `${number}: has a test, and is listed as not served yet in scripts/conformance/rows.ts`;
  if (isProved || isListed) return undefined;
  return `${number}: no test${isRow ? ' on the store of the run' : ''} whose name begins with it`;
}
