import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';

const numbers = (random: Random, count = 20) => Array.from({ length: count }, () => random.next());

test('the same seed and stream give the same numbers, any other gives others', () => {
  const expected = numbers(new Random(7, 'store'));
  assert.deepEqual(numbers(new Random(7, 'store')), expected);
  assert.notDeepEqual(numbers(new Random(8, 'store')), expected);
  assert.notDeepEqual(numbers(new Random(7, 'network')), expected);
});

test('numbers are spread evenly enough, whatever the seed', () => {
  for (const seed of [0, 1, 2, 1_000_000_007]) {
    const random = new Random(seed, 'spread');
    const counts = new Array(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) counts[random.integer(0, 9)] += 1;
    for (const count of counts) assert.ok(count > 800 && count < 1200, `seed ${seed}: ${counts}`);
  }
});

test('ranges keep to their bounds', () => {
  const random = new Random(3, 'ranges');
  for (let draw = 0; draw < 1000; draw += 1) {
    const skewed = random.skewed(2, 200);
    assert.ok(skewed >= 2 && skewed < 200);
    const between = random.between(-1, 1);
    assert.ok(between >= -1 && between < 1);
    assert.ok([4, 5, 6].includes(random.integer(4, 6)));
  }
  assert.equal(random.hex(5).length, 5);
});

test('weights: what has none never comes, the others as often as they weigh', () => {
  const random = new Random(5, 'weights');
  const counts = { often: 0, seldom: 0, never: 0 };
  for (let draw = 0; draw < 1000; draw += 1) counts[random.weighted({ often: 9, seldom: 1, never: 0 })] += 1;
  assert.equal(counts.never, 0);
  assert.ok(counts.seldom > 50 && counts.seldom < 200, JSON.stringify(counts));
  assert.throws(() => random.weighted({ nothing: 0 }), /no key has a weight/);
});
