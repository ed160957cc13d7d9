/**
 * `npm run fuzz`: the fuzz tests for longer than `npm test` has time, slice after slice, until together they have run for
 * four hours, or `-- --hours N`. A run that was stopped goes on with the inputs that come next. `-- NAME...` runs one slice
 * of these, however long they have run; `-- --list` says how far each is.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Slice } from '../../test/fuzz/slice.ts';
import { commitNow } from '../lib/covered.ts';
import { runTests } from '../lib/part.ts';
import { judge } from '../lib/verdict.ts';
import { type Fuzzer, fileOf, fuzzers } from './fuzzers.ts';
import { codeOf, keepFuzzResult, readFuzzResults, secondsRun } from './record.ts';

const sliceSeconds = 300;
const limitSeconds = 2 * sliceSeconds;
const atOnce = 2;

const { values, positionals } = parseArgs({
  options: { hours: { type: 'string', default: '4' }, list: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const hours = Number(values.hours);
const unknown = positionals.filter((name) => !fuzzers.some((fuzzer) => fuzzer.name === name));
if (unknown.length > 0 || !(hours > 0)) {
  const names = fuzzers.map(({ name }) => name).join(', ');
  console.error(
    `fuzz: --hours takes a number above 0, and the tests are ${names}; given: ${process.argv.slice(2).join(' ')}`,
  );
  process.exit(2);
}

function hoursRun(): string {
  return `${(secondsRun() / 3600).toFixed(2)} of ${hours} hours`;
}

if (values.list) {
  for (const { name } of fuzzers) {
    const { date = 'never', outcome = '', seconds = 0, next = 1 } = readFuzzResults()[name] ?? {};
    console.log(`${name}: inputs 1 to ${next - 1} in ${seconds} s (${date} ${outcome})`);
  }
  console.log(`together ${hoursRun()}`);
  process.exit(0);
}

/** Goes on where its last slice ended; after a red one, with the input that failed. False: it is red. */
async function runSlice(fuzzer: Fuzzer, seconds: number, folder: string): Promise<boolean> {
  const { name } = fuzzer;
  const before = readFuzzResults()[name];
  const from = before?.next ?? 1;
  const { digest } = codeOf(fuzzer);
  const path = join(folder, name);
  const ended = await runTests(name, limitSeconds, [fileOf(fuzzer)], {
    HOLDFAST_FUZZ_FROM: String(from),
    HOLDFAST_FUZZ_SECONDS: String(seconds),
    HOLDFAST_FUZZ_RESULT: path,
  });
  const { isGood, lines } = judge([ended], true);
  // Where an input hung, the process was ended, and its number is in what it printed.
  const slice: Slice = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { next: from, seconds: 0 };
  rmSync(path, { force: true });
  keepFuzzResult(name, {
    date: new Date().toISOString(),
    commit: commitNow(),
    digest,
    passed: slice.next - 1,
    failed: isGood ? 0 : 1,
    seconds: (before?.seconds ?? 0) + slice.seconds,
    outcome: isGood ? 'green' : 'red',
    next: slice.next,
  });
  console.log(`       ${name}: inputs ${from} to ${slice.next - 1}; together ${hoursRun()}`);
  if (!isGood) console.log(`\n---- ${name}\n${ended.output}\n${lines.join('\n')}`);
  return isGood;
}

/** Those that have run the least. */
function nextOnes(): Fuzzer[] {
  const results = readFuzzResults();
  const seconds = ({ name }: Fuzzer) => results[name]?.seconds ?? 0;
  return fuzzers.toSorted((one, other) => seconds(one) - seconds(other)).slice(0, atOnce);
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
let isGood = true;

async function runSlices(ones: readonly Fuzzer[], seconds: number): Promise<void> {
  const slices = await Promise.all(ones.map((fuzzer) => runSlice(fuzzer, Math.ceil(seconds), folder)));
  isGood &&= slices.every((isGreen) => isGreen);
}

const asked = fuzzers.filter(({ name }) => positionals.includes(name));
for (let at = 0; at < asked.length; at += atOnce) await runSlices(asked.slice(at, at + atOnce), sliceSeconds);
for (;;) {
  const left = hours * 3600 - secondsRun();
  if (asked.length > 0 || !isGood || left <= 0) break;
  await runSlices(nextOnes(), Math.min(sliceSeconds, left / atOnce));
}
rmSync(folder, { recursive: true });
console.log(isGood ? `${hoursRun()} were run, all green; commit test/results` : 'fuzz: an input failed; see above');
process.exit(isGood ? 0 : 1);
