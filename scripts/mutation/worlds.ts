/** Simulated worlds as tests of a mutation run: they find what the units of the engine do not. */
import { test } from 'node:test';
import { live } from '@holdfast/simulator';

const seeds = 30;

for (let seed = 1; seed <= seeds; seed += 1) {
  test(`world ${seed}: every promise is kept`, async () => {
    const { violation } = await live(seed, {});
    if (violation !== undefined) throw new Error(violation.message);
  });
}
