import { join } from 'node:path';
import { it } from 'node:test';
import { noSmallDisk, runOnSmallDisk } from '../lib/small-disk.ts';

const isLong = process.env['HOLDFAST_LONG'] === '1';
/** Each 4 KiB from nothing to where there is plenty; by default what the index of the WAL lacks, and what lies beside it. */
const frees = isLong ? Array.from({ length: 17 }, (_, index) => 4 * index) : [0, 28, 36];

it('what the disk lacks at the start or later is told as what it is, and never as damage', {
  skip: noSmallDisk,
  timeout: 300_000,
}, async (t) => {
  t.diagnostic(await runOnSmallDisk(join(import.meta.dirname, 'shortage.scenario.ts'), ...frees.map(String)));
});
