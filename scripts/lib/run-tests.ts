/**
 * Runs test files as `node --test` does, but the longest first: that command sorts them by name. Called by check.ts and
 * all.ts as `run-tests.ts LIMIT_SECONDS RECORD FILE...`: a test, or a file that never ends (a leaked handle), fails after
 * its time; what became of numbered tests goes to the record.
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { keepDurations, longestFirst, readDurations } from './durations.ts';
import numberedTests from './numbered-reporter.ts';

/** What the parent hears after each file. */
export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly seconds: Readonly<Record<string, number>>;
}

const root = join(import.meta.dirname, '..', '..');
const [limitSeconds, record = '', ...files] = process.argv.slice(2);

mkdirSync(dirname(record), { recursive: true });
// A parent that was ended reads nothing any more: the tests end with it.
const parentGone = new AbortController();
process.once('disconnect', () => parentGone.abort());
const measured: Record<string, number> = {};
const events = run({
  files: longestFirst(files, readDurations()).map((file) => resolve(root, file)),
  // Two at a time: what is tested has threads and processes of its own.
  concurrency: 2,
  timeout: Number(limitSeconds) * 1000,
  signal: parentGone.signal,
});
events.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
events.on('test:summary', ({ file, duration_ms }) => {
  if (file === undefined) return;
  measured[relative(root, file).split(sep).join('/')] = duration_ms / 1000;
  process.send?.({ done: Object.keys(measured).length, of: files.length, seconds: measured } satisfies Progress);
});
const [told, recorded] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
events.pipe(told);
events.pipe(recorded);
await Promise.all([
  pipeline(told, new spec(), process.stdout, { end: false }),
  pipeline(recorded, numberedTests, createWriteStream(record)),
]);
// On another store a file takes another time.
if (process.env['HOLDFAST_TEST_STORE'] === undefined)
  keepDurations(Object.fromEntries(Object.entries(measured).filter(([file]) => !file.startsWith('..'))));
process.disconnect?.();
