/**
 * How long each test file took the last time. The runner starts with the longest, so that no core waits for one at the
 * end. What this machine measured is kept in the cache; a fresh clone begins with what was committed.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Seconds of each file, named from the root of the project. */
export type Durations = Readonly<Record<string, number>>;

const root = join(import.meta.dirname, '..', '..');
const cached = join(root, 'node_modules', '.cache', 'holdfast', 'durations.json');
const committed = join(root, 'test', 'results', 'durations.json');
/** Shorter ones are not committed: their order does not matter. */
const committedFromSeconds = 1;

export function readDurations(): Durations {
  return { ...readIfThere(committed), ...readIfThere(cached) };
}

function readIfThere(path: string): Durations {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** The longest first; a file that nobody has timed may be long, and comes before all. */
export function longestFirst(files: readonly string[], durations: Durations): string[] {
  const secondsOf = (file: string) => durations[file] ?? Number.POSITIVE_INFINITY;
  // Files without a time are equal: their order stays.
  return files.toSorted((one, other) => (secondsOf(one) === secondsOf(other) ? 0 : secondsOf(other) - secondsOf(one)));
}

/** Adds what `npm test` or `npm run check` measured to what is kept here. */
export function keepDurations(measured: Durations): void {
  mkdirSync(dirname(cached), { recursive: true });
  // Two runs may end at once: whoever reads sees a whole file.
  const whole = `${cached}.${process.pid}`;
  writeFileSync(whole, `${JSON.stringify({ ...readIfThere(cached), ...measured }, undefined, 1)}\n`);
  renameSync(whole, cached);
}

/** Makes what is kept here the beginning for fresh clones. */
export function commitDurations(exists: (file: string) => boolean): void {
  const kept = Object.entries(readDurations())
    .filter(([file, seconds]) => seconds >= committedFromSeconds && exists(file))
    .map(([file, seconds]) => [file, Math.round(seconds)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(committed, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
}

/** The lines that say where the time went, the longest file first. */
export function slowest(measured: Durations, count: number): string[] {
  return Object.entries(measured)
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([file, seconds]) => `${seconds.toFixed(1).padStart(7)} s  ${file}`);
}
