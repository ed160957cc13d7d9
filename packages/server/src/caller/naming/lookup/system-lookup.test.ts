import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemLookup } from './system-lookup.ts';

test('one is under way, who came last is next, and who is not waited for any more is not asked for', async () => {
  const asked: string[] = [];
  const answers: ((addresses: readonly string[]) => void)[] = [];
  const system = new SystemLookup((host, done) => {
    asked.push(host);
    answers.push(done);
  });
  let isWanted = true;
  const found = ['dead', 'first', 'given up', 'last'].map((host) =>
    system.find(host, () => host !== 'given up' || isWanted),
  );
  isWanted = false;
  assert.deepEqual(asked, ['dead']);
  for (let index = 0; index < 3; index += 1) answers[index]?.([`10.0.0.${index}`]);
  assert.deepEqual(asked, ['dead', 'last', 'first']);
  assert.deepEqual(await Promise.all(found), [['10.0.0.0'], ['10.0.0.2'], [], ['10.0.0.1']]);
});

test('of too many the one that waits longest is told that there is nothing', async () => {
  const system = new SystemLookup(() => undefined);
  const found = Array.from({ length: 1002 }, (_, index) => system.find(`${index}`, () => true));
  // The first is under way.
  assert.deepEqual(await found[1], []);
});
