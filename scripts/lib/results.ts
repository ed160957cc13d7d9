import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './part.ts';

/** What a slice gave, as it is committed. */
export interface Result {
  readonly date: string;
  readonly commit: string;
  /** Of the code that the slice covers. */
  readonly digest: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly outcome: 'green' | 'red';
}

export type Results = Readonly<Record<string, Result>>;

const path = join(root, 'test', 'results', 'all.json');
const dayMs = 86_400_000;
const oldAfterDays = 30;

export function readResults(): Results {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Written after each slice, so that a run that was stopped goes on with what is missing. */
export function keepResult(name: string, result: Result, known: readonly string[]): void {
  const kept = Object.entries({ ...readResults(), [name]: result }).filter(([other]) => known.includes(other));
  const inOrder = kept.toSorted(([one], [other]) => known.indexOf(one) - known.indexOf(other));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(inOrder), undefined, 2)}\n`);
}

/** What is known of the code that a result covers. */
export interface Code {
  readonly digest: string;
  /** When it was changed; in a shallow clone the latest that this can have been. */
  readonly changedAt: () => Date;
  readonly isShallow: () => boolean;
}

/** Why a result does not speak for the code; undefined where it does. */
export function complaintOf(name: string, command: string, result: Result | undefined, code: Code): string | undefined {
  if (result === undefined) return `${name}: has no result: run \`${command}\` and commit test/results`;
  if (result.outcome === 'red')
    return `${name}: was red on ${result.date}: mend it, run \`${command}\`, commit test/results`;
  if (result.digest === code.digest) return undefined;
  const days = Math.floor((code.changedAt().getTime() - Date.parse(result.date)) / dayMs);
  if (days <= oldAfterDays) return undefined;
  if (code.isShallow())
    return `${name}: this clone has no history that says when the code was changed: run \`git fetch --unshallow\``;
  return `${name}: the code was changed ${days} days after its result: run \`${command}\` and commit test/results`;
}
