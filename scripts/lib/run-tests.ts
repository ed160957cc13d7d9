/**
 * Runs test files as `node --test` does, but the longest first, and more at once where they only wait: see at-once.ts.
 * Called by part.ts as `run-tests.ts LIMIT_SECONDS RECORD FILE...`: a test that takes longer fails, and so does a file of
 * which nothing is heard for longer (a leaked handle); what became of numbered tests goes to the record.
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { idleTime, workThrough } from './at-once.ts';
import { longestFirst, readDurations } from './durations.ts';
import numberedTests from './numbered-reporter.ts';

/** What the parent hears after each file. */
export interface Progress {
  readonly done: number;
  readonly of: number;
  /** Cores that had work, on average since the first file was begun. */
  readonly busyCores: number;
  readonly seconds: Readonly<Record<string, number>>;
}

type Summary = Extract<TestEvent, { type: 'test:summary' }>['data'];

const root = join(import.meta.dirname, '..', '..');
const [limitSeconds, record = '', ...files] = process.argv.slice(2);
const limitMs = Number(limitSeconds) * 1000;
/** A test that takes too long is told of as such before its file is ended. */
const silentFactor = 1.5;

mkdirSync(dirname(record), { recursive: true });
// A parent that was ended reads nothing any more: the tests end with it, and with this process.
const ending = new AbortController();
process.once('disconnect', () => ending.abort());
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());

const [told, recorded] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
const written = Promise.all([
  pipeline(told, new spec(), process.stdout, { end: false }),
  pipeline(recorded, numberedTests, createWriteStream(record)),
]);
function tell(event: TestEvent): void {
  told.write(event);
  recorded.write(event);
}

const measured: Record<string, number> = {};
/** By the words of the closing lines. */
const counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
const begun = { ms: performance.now(), idle: idleTime() };
let done = 0;

/** Files run beside each other, and what they have to tell is told one after the other. */
async function runFile(file: string): Promise<void> {
  if (ending.signal.aborted) {
    process.exitCode = 1;
    return;
  }
  const silent = new AbortController();
  const giveUp = () =>
    silent.abort(
      new Error(
        `nothing was heard of it for ${(limitMs * silentFactor) / 1000} s, so it was ended: does it leave something open?`,
      ),
    );
  const waiting = setTimeout(giveUp, limitMs * silentFactor);
  const signal = AbortSignal.any([ending.signal, silent.signal]);
  const events: TestEvent[] = [];
  for await (const event of run({ files: [resolve(root, file)], concurrency: 1, timeout: limitMs, signal })) {
    waiting.refresh();
    if (event.type === 'test:fail' && (event.data.todo ?? false) === false) process.exitCode = 1;
    if (event.type === 'test:summary') count(file, event.data);
    else if (event.type !== 'test:diagnostic' || event.data.file !== undefined) events.push(event);
  }
  clearTimeout(waiting);
  for (const event of events) tell(event);
  done += 1;
  const busyCores = cpus().length - (idleTime() - begun.idle) / (performance.now() - begun.ms);
  process.send?.({ done, of: files.length, busyCores, seconds: measured } satisfies Progress);
}

/** There is one summary of the file, and one of all that was run, which knows of a file that was ended as well. */
function count(file: string, { file: of, counts: counted, duration_ms }: Summary): void {
  if (of !== undefined) {
    measured[file] = duration_ms / 1000;
    return;
  }
  counts.tests += counted.tests;
  counts.suites += counted.suites;
  counts.pass += counted.passed;
  // Each test is counted as one of these; types do not know of the failed ones.
  counts.fail += counted.tests - counted.passed - counted.cancelled - counted.skipped - counted.todo;
  counts.cancelled += counted.cancelled;
  counts.skipped += counted.skipped;
  counts.todo += counted.todo;
}

await workThrough(longestFirst(files, readDurations()), runFile);
for (const [what, number] of Object.entries(counts)) {
  tell({ type: 'test:diagnostic', data: { nesting: 0, message: `${what} ${number}`, level: 'info' } });
}
told.end();
recorded.end();
await written;
process.disconnect?.();
