/** What a part of the check did: types, lint, or a run of `node --test`. */
export interface Ended {
  readonly name: string;
  readonly code: number;
  readonly output: string;
  /** How many test files it was given; undefined for a part that is no test. */
  readonly files?: number;
}

export interface Verdict {
  readonly isGood: boolean;
  readonly passed: number;
  readonly failed: number;
  /** The closing lines: the count CI reads, and what is wrong beyond it. */
  readonly lines: readonly string[];
}

/**
 * Counts the tests of all parts. Bad is: a failure, a part that failed for another reason, a test part without files
 * (`node --test` would find others by itself, or none) or without a passed test, and in CI a skipped test.
 */
export function judge(ended: readonly Ended[], inCi: boolean): Verdict {
  const sum = (what: string) => ended.reduce((total, { output }) => total + countOf(output, what), 0);
  const broken = ended.filter(({ code, output }) => code !== 0 && countOf(output, 'fail') === 0);
  const passed = sum('pass');
  const failed = sum('fail') + sum('cancelled') + broken.length;
  const skipped = sum('skipped') + sum('todo');
  const empty = ended.filter(
    ({ files, output }) => files === 0 || (files !== undefined && countOf(output, 'pass') === 0),
  );
  const lines = [
    ...empty.map(({ name }) => `${name}: no test ran, which counts as a failure`),
    ...(skipped > 0 && inCi ? [`${skipped} tests were skipped: a failure in CI`] : []),
    `${passed} passed, ${failed} failed, ${skipped} skipped`,
  ];
  const isGood = failed === 0 && empty.length === 0 && passed > 0 && !(skipped > 0 && inCi);
  return { isGood, passed, failed, lines };
}

/** One of the closing lines of the spec reporter, `ℹ pass 12`. */
function countOf(output: string, what: string): number {
  return Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
}
