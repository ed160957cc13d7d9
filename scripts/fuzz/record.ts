import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changedAt, digestOf, isShallow } from '../lib/covered.ts';
import { root } from '../lib/part.ts';
import type { Code, Result } from '../lib/results.ts';
import { type Fuzzer, fileOf, fuzzers } from './fuzzers.ts';

/** What all slices of a fuzz test gave, as it is committed: `passed` counts inputs, `seconds` is the time of all slices. */
export interface FuzzResult extends Result {
  /** The number of the input with which the next slice begins. */
  readonly next: number;
}

type FuzzResults = Readonly<Record<string, FuzzResult>>;

const path = join(root, 'test', 'results', 'fuzz.json');

export function readFuzzResults(): FuzzResults {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Written after each slice, so that a run that was stopped goes on with the next one. */
export function keepFuzzResult(name: string, result: FuzzResult): void {
  const all: FuzzResults = { ...readFuzzResults(), [name]: result };
  const inOrder = fuzzers.flatMap((fuzzer) => {
    const known = all[fuzzer.name];
    return known === undefined ? [] : [[fuzzer.name, known] as const];
  });
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(inOrder), undefined, 2)}\n`);
}

/** Of all fuzz tests together. */
export function secondsRun(results: FuzzResults = readFuzzResults()): number {
  return Object.values(results).reduce((sum, { seconds }) => sum + seconds, 0);
}

export function codeOf(fuzzer: Fuzzer): Code {
  const covers = [...fuzzer.covers, fileOf(fuzzer)];
  return { digest: digestOf(covers), changedAt: () => changedAt(covers), isShallow };
}
