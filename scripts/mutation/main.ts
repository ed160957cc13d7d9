/**
 * `npm run mutation`: makes one small mistake after another in the code of each area, and sees whether a test notices.
 * A file is done where it and what tests it are what they were: a run that was stopped goes on with what is missing.
 * `-- TEXT...` takes the files whose name has one of the texts; `-- --survivors [TEXT...]` shows what nobody noticed.
 */
import { commitNow, digestOf } from '../lib/covered.ts';
import { testFiles } from '../lib/part.ts';
import { areas } from './areas.ts';
import { percent, writeFigures } from './page.ts';
import { idleReasons, keepFile, readRecord, scoreOf, sourcesOf } from './record.ts';
import { mutate } from './stryker.ts';

const texts = process.argv.slice(2).filter((argument) => argument !== '--survivors');
const isAsked = (file: string) => texts.length === 0 || texts.some((text) => file.includes(text));

if (process.argv.includes('--survivors')) {
  for (const { file, line, mutator, replacement } of scoreOf(areas.flatMap(sourcesOf).filter(isAsked)).survived)
    console.log(`${file}\n  ${line}\n  ${mutator}: ${replacement}\n`);
  process.exit(0);
}

for (const area of areas) {
  const files = sourcesOf(area).filter(isAsked);
  for (const [index, file] of files.entries()) {
    const tests = area.tests.flatMap((pattern) => testFiles([pattern]));
    const digests = { source: digestOf([file]), tests: digestOf([...tests, 'packages/core/src/testing']) };
    const known = readRecord()[file];
    if (known?.source === digests.source && known.tests === digests.tests) continue;
    const startedMs = performance.now();
    const { killed, survivors } = await mutate(file, tests);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    keepFile(file, { date: new Date().toISOString(), commit: commitNow(), seconds, ...digests, killed, survivors });
    const counted = killed + survivors.length;
    console.log(`${area.name} ${index + 1} of ${files.length}: ${file}: ${killed} of ${counted} killed (${seconds} s)`);
  }
}

writeFigures();
let isGood = true;
for (const area of areas) {
  const { killed, survived, equivalent, part } = scoreOf(sourcesOf(area));
  isGood &&= part >= area.target;
  const counted = killed + survived.length;
  console.log(`${area.name}: ${killed} of ${counted} killed, ${percent(part)} (target ${percent(area.target)})`);
  console.log(`  ${equivalent} equivalent ones are not counted: scripts/mutation/equivalents.ts`);
}
for (const { file, line, replacement } of idleReasons())
  console.log(`${file}: no mutant of '${line}' is left that becomes '${replacement}': take its reason out`);
process.exit(isGood ? 0 : 1);
