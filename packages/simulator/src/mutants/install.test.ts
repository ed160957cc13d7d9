import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mutants } from './catalogue.ts';
import { installMutant, mutated } from './install.ts';

const packages = new URL('../../../', import.meta.url);

for (const mutant of mutants) {
  test(`mutant ${mutant.name}: its text occurs once in ${mutant.file}, and is changed`, () => {
    const source = readFileSync(new URL(mutant.file, packages), 'utf8');
    assert.notEqual(mutated(source, mutant), source);
  });
}

test('a mutant that has gone stale, or has no name, is an error', () => {
  const [mutant] = mutants;
  assert.ok(mutant);
  assert.throws(() => mutated('something else', mutant), /stale: its text occurs 0 times/);
  assert.throws(() => mutated(mutant.find + mutant.find, mutant), /stale: its text occurs 2 times/);
  assert.throws(() => installMutant('none such'), /no mutant is called none such/);
});

test('names are unique', () => {
  assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length);
});
