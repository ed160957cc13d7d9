import { join } from 'node:path';
import { it } from 'node:test';
import { noSmallDisk, runOnSmallDisk } from '../lib/small-disk.ts';

it('a full disk refuses, says why, loses nothing, and goes on when there is room again', {
  skip: noSmallDisk,
  timeout: 120_000,
}, async (t) => {
  t.diagnostic(await runOnSmallDisk(join(import.meta.dirname, 'disk-full.scenario.ts')));
});
