/**
 * `npm run test:all`: what takes longer than `npm test` may, slice after slice. A slice whose code is what it was at its
 * last green result is done: a run that was stopped goes on with what is missing. `-- NAME...` runs those alone, whatever
 * they gave before; `-- --list` says what there is to do.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commitNow, digestOf } from './lib/covered.ts';
import { commitDurations } from './lib/durations.ts';
import { runOnStore } from './lib/on-store.ts';
import { root, runTests } from './lib/part.ts';
import { keepResult, readResults } from './lib/results.ts';
import { type Slice, slices } from './lib/slices.ts';
import { judge } from './lib/verdict.ts';

const asked = process.argv.slice(2).filter((argument) => argument !== '--list');
const names = slices.map(({ name }) => name);
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`test:all: no slice is called ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}

const before = readResults();

function isDone({ name, covers }: Slice): boolean {
  const result = before[name];
  return result?.outcome === 'green' && result.digest === digestOf(covers);
}

/** The count of one slice. */
async function runSlice({ name, files, env, limitSeconds, covers, on }: Slice): Promise<boolean> {
  const digest = digestOf(covers);
  const startedMs = performance.now();
  const ended =
    on === undefined ? await runTests(name, limitSeconds, files, env) : await runOnStore(name, on, limitSeconds, files);
  const { isGood, passed, failed, lines } = judge([ended], true);
  if (!isGood) console.log(`\n---- ${name}\n${ended.output}\n${lines.join('\n')}`);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const outcome = isGood ? 'green' : 'red';
  const date = new Date().toISOString();
  keepResult(name, { date, commit: commitNow(), digest, passed, failed, seconds, outcome }, names);
  return isGood;
}

const todo = slices.filter((slice) => (asked.length > 0 ? asked.includes(slice.name) : !isDone(slice)));
if (process.argv.includes('--list')) {
  for (const slice of slices) {
    const { date = 'never', outcome = '', seconds = 0 } = before[slice.name] ?? {};
    console.log(`${isDone(slice) ? 'done ' : 'to do'} ${slice.name}: ${slice.what} (${date} ${outcome} ${seconds} s)`);
  }
  process.exit(0);
}

let red = 0;
for (const [index, slice] of todo.entries()) {
  const lastSeconds = before[slice.name]?.seconds;
  const last = lastSeconds === undefined ? '' : `, ${lastSeconds} s the last time`;
  console.log(`slice ${index + 1} of ${todo.length}: ${slice.name}, ${slice.what}${last}`);
  if (!(await runSlice(slice))) red += 1;
}
commitDurations((file) => existsSync(join(root, file)));
console.log(
  `\n${todo.length - red} slices green, ${red} red, ${slices.length - todo.length} were done; commit test/results`,
);
process.exit(red === 0 ? 0 : 1);
