import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutants } from '@holdfast/simulator';
import { simulate } from './simulator.ts';

/**
 * Most mutants are caught in the first of them, the rarest about once in a hundred. The unmutated engine lives through the
 * same kinds of world: see seeds.test.ts, and below.
 */
const seeds = ['--seeds', '1..600'];

test('every promise is broken by a mutant', () => {
  const broken = new Set(mutants.flatMap(({ breaks }) => breaks));
  for (const promise of ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'money'] as const) {
    assert.ok(broken.has(promise), `no mutant breaks ${promise}`);
  }
  assert.ok(mutants.length >= 10);
});

test('mutants are caught, by the promise they break', { concurrency: 2 }, async (context) => {
  const tests = mutants.map(({ name, breaks, flavour }) =>
    context.test(name, async (mutant) => {
      const chosen = flavour === undefined ? [] : ['--flavour', flavour];
      const run = await simulate([...seeds, ...chosen, '--mutant', name]);
      if (run.kind !== 'broken') assert.fail(`${name} lived through all seeds: the auditor does not see it`);
      mutant.diagnostic(`seed ${run.seed}: ${run.message}`);
      assert.ok(
        breaks.some((promise) => promise === run.promise),
        `${name} was caught by ${run.message}`,
      );
    }),
  );
  await Promise.all(tests);
});

for (const flavour of new Set(mutants.flatMap((mutant) => mutant.flavour ?? []))) {
  test(`unmutated, in worlds of the kind ${flavour}: every promise is kept`, async () => {
    const run = await simulate(['--seeds', '1..60', '--flavour', flavour]);
    assert.equal(run.kind, 'kept', run.kind === 'broken' ? `seed ${run.seed}: ${run.message}` : '');
  });
}
