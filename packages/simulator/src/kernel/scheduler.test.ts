import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';

const scheduler = (seed = 1) => new Scheduler(new Random(seed, 'scheduler'));

test('events run in the order of their time, and time moves only with them', async () => {
  const clock = scheduler();
  const seen: number[] = [];
  const dice = new Random(2, 'times');
  for (let index = 0; index < 500; index += 1) clock.at(dice.between(0, 1000), () => seen.push(clock.nowMs));
  await clock.run(() => false);
  assert.equal(seen.length, 500);
  assert.deepEqual(
    seen,
    seen.toSorted((one, other) => one - other),
  );
  assert.equal(clock.picked, 500);
});

test('the microtasks of an event have all run before the next event, also at the same time', async () => {
  const clock = scheduler();
  const log: string[] = [];
  const deep = async (name: string) => {
    for (let turn = 0; turn < 50; turn += 1) await null;
    log.push(`${name} settled`);
  };
  for (const name of ['one', 'two']) {
    clock.at(5, () => {
      log.push(`${name} runs`);
      deep(name).catch(assert.fail);
    });
  }
  await clock.run(() => false);
  const [first, second] = log[0] === 'one runs' ? ['one', 'two'] : ['two', 'one'];
  assert.deepEqual(log, [`${first} runs`, `${first} settled`, `${second} runs`, `${second} settled`]);
});

test('what happens at the same time is ordered by the seed alone', async () => {
  const orderOf = async (seed: number) => {
    const clock = scheduler(seed);
    const order: number[] = [];
    for (let index = 0; index < 10; index += 1) clock.at(1, () => order.push(index));
    await clock.run(() => false);
    return order.join();
  };
  assert.equal(await orderOf(1), await orderOf(1));
  const orders = new Set(await Promise.all([1, 2, 3, 4].map(orderOf)));
  assert.equal(orders.size, 4);
});

test('cancelled events do not run; the past is now; a run stops where it is told to', async () => {
  const clock = scheduler();
  const log: string[] = [];
  clock.at(10, () => {
    log.push('ten');
    clock.at(3, () => log.push(`late at ${clock.nowMs}`));
  });
  clock.at(5, () => log.push('cancelled')).cancel();
  clock.at(20, () => log.push('twenty'));
  await clock.run(() => clock.nowMs >= 10 && log.length === 2);
  assert.deepEqual(log, ['ten', 'late at 10']);
  await clock.run(() => false);
  assert.deepEqual(log, ['ten', 'late at 10', 'twenty']);
});

test('an event that throws ends the run', async () => {
  const clock = scheduler();
  clock.at(1, () => {
    throw new Error('broken');
  });
  await assert.rejects(
    clock.run(() => false),
    /broken/,
  );
});
