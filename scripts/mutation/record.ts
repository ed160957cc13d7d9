import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changedAt, digestOf, isShallow } from '../lib/covered.ts';
import { root, testFiles } from '../lib/part.ts';
import type { Code, Result } from '../lib/results.ts';
import type { Area } from './areas.ts';
import { type Equivalent, equivalents } from './equivalents.ts';

/** A mutant that no test noticed. Named by the text of its line: numbers move. */
export interface Survivor {
  readonly line: string;
  readonly mutator: string;
  readonly replacement: string;
}

/** What became of the mutants of a file, as it is committed. */
export interface FileResult {
  readonly date: string;
  readonly commit: string;
  readonly seconds: number;
  /** Digests of the file and of what may kill its mutants. */
  readonly source: string;
  readonly tests: string;
  readonly killed: number;
  readonly survivors: readonly Survivor[];
}

type Record = Readonly<{ [file: string]: FileResult }>;

const path = join(root, 'test', 'results', 'mutation.json');

export function readRecord(): Record {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Written after each file, so that a run that was stopped goes on with what is missing. */
export function keepFile(file: string, result: FileResult): void {
  const kept = Object.entries({ ...readRecord(), [file]: result }).filter(([other]) => existsSync(join(root, other)));
  const inOrder = kept.toSorted(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(inOrder), undefined, 1)}\n`);
}

export function sourcesOf({ sources }: Area): string[] {
  return testFiles(sources).filter((file) => !file.endsWith('.test.ts'));
}

function isEquivalent(file: string, { line, replacement }: Survivor): boolean {
  return equivalents.some((known) => known.file === file && known.line === line && known.replacement === replacement);
}

export interface Score {
  readonly killed: number;
  readonly survived: readonly (Survivor & { readonly file: string })[];
  readonly equivalent: number;
  /** Of those that are not equivalent. */
  readonly part: number;
}

export function scoreOf(files: readonly string[], record: Record = readRecord()): Score {
  const results = files.flatMap((file) => {
    const result = record[file];
    return result === undefined ? [] : [{ file, ...result }];
  });
  const killed = results.reduce((sum, result) => sum + result.killed, 0);
  const all = results.flatMap(({ file, survivors }) => survivors.map((survivor) => ({ file, ...survivor })));
  const survived = all.filter((survivor) => !isEquivalent(survivor.file, survivor));
  return { killed, survived, equivalent: all.length - survived.length, part: killed / (killed + survived.length) };
}

/** Reasons that stand for no mutant any more. */
export function idleReasons(record: Record = readRecord()): Equivalent[] {
  return equivalents.filter(({ file, line, replacement }) => {
    const survivors = record[file]?.survivors ?? [];
    return !survivors.some((survivor) => survivor.line === line && survivor.replacement === replacement);
  });
}

/**
 * An area as a slice: red where too few were noticed, and as old as the oldest result of a file that has changed since. A
 * file that is new is as old as the last run.
 */
export function resultOf(area: Area, record: Record = readRecord()): { result: Result | undefined; code: Code } {
  const files = sourcesOf(area);
  const known = files.flatMap((file) => record[file] ?? []).toSorted((one, other) => (one.date < other.date ? -1 : 1));
  const changed = files.filter((file) => record[file]?.source !== digestOf([file]));
  const code = {
    digest: changed.length === 0 ? 'as it was' : 'changed',
    changedAt: () => changedAt(changed),
    isShallow,
  };
  const of = known.find(({ source }) => changed.some((file) => record[file]?.source === source)) ?? known.at(-1);
  if (of === undefined) return { result: undefined, code };
  const { killed, survived, part } = scoreOf(files, record);
  const seconds = known.reduce((sum, file) => sum + file.seconds, 0);
  const outcome = part >= area.target ? 'green' : 'red';
  const { date, commit } = of;
  return {
    result: { date, commit, digest: 'as it was', passed: killed, failed: survived.length, seconds, outcome },
    code,
  };
}
