import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from 'holdfast/store/store';
import { SimulatedProcess } from '../kernel/process.ts';
import { Random } from '../kernel/random.ts';
import { Scheduler } from '../kernel/scheduler.ts';
import { Statistics } from '../kernel/statistics.ts';
import { StoreLink, type StoreOperation } from './link.ts';
import { calmStore, calmWeather, type StoreFaults } from './weather.ts';

/** Carries one operation at a time; tells how it was answered, and whether it was done by the very end. */
function way(faults: Partial<StoreFaults>, isEmbedded = false) {
  const random = new Random(9, 'link');
  const scheduler = new Scheduler(random);
  const weather = { ...calmWeather(), faults: { ...calmStore, ...faults } };
  const process = new SimulatedProcess('a1', scheduler, random);
  const passed: string[] = [];
  const link = new StoreLink(process, {
    scheduler,
    random,
    weather,
    statistics: new Statistics(),
    isEmbedded,
    machine: 'a',
    passed: (operation, moment) => passed.push(`${operation} ${moment}`),
  });
  const carry = async (operation: StoreOperation = 'commit', meanwhile: () => void = () => undefined) => {
    let isDone = false;
    let answer = 'none';
    link
      .carry(operation, () => {
        isDone = true;
      })
      .then(
        () => {
          answer = 'done';
        },
        (error: unknown) => {
          answer = error instanceof StoreError ? error.code : String(error);
        },
      );
    meanwhile();
    await scheduler.run(() => false);
    return { answer, isDone };
  };
  return { carry, weather, process, passed };
}

test('in calm weather it is done, and said to be', async () => {
  const { carry, passed } = way({});
  assert.deepEqual(await carry(), { answer: 'done', isDone: true });
  assert.deepEqual(passed, ['commit sent', 'commit applied', 'commit answered']);
});

test('not done is not done; lost is unknown and not done; done-unknown is unknown and done', async () => {
  assert.deepEqual(await way({ notDone: 1 }).carry(), { answer: 'not-done', isDone: false });
  assert.deepEqual(await way({ lost: 1 }).carry(), { answer: 'unknown-outcome', isDone: false });
  const { carry } = way({ doneUnknown: 1 });
  for (let time = 0; time < 20; time += 1) {
    assert.deepEqual(await carry(), { answer: 'unknown-outcome', isDone: true });
  }
});

test('a machine that is cut off, or whose heartbeats are', async () => {
  const { carry, weather } = way({});
  weather.withoutHeartbeat.add('a');
  assert.equal((await carry('heartbeat')).answer, 'unknown-outcome');
  assert.equal((await carry('read')).answer, 'done');
  weather.cutOff.add('a');
  assert.equal((await carry('read')).answer, 'unknown-outcome');
});

test('embedded: a full disk takes no write; a broken one ends the process', async () => {
  const full = way({}, true);
  full.weather.isFull = true;
  assert.deepEqual(await full.carry('commit'), { answer: 'full', isDone: false });
  assert.equal((await full.carry('read')).answer, 'done');
  const broken = way({ fatal: 1 }, true);
  const done = [];
  for (let time = 0; time < 20; time += 1) {
    const { answer, isDone } = await broken.carry('commit');
    assert.equal(answer, 'fatal');
    done.push(isDone);
  }
  assert.ok(done.includes(true) && done.includes(false));
});

test('a process that dies meanwhile hears nothing; what it sent may be done or lost', async () => {
  const outcomes = new Set<boolean>();
  for (let time = 0; time < 20; time += 1) {
    const { carry, process } = way({});
    for (let warmUp = 0; warmUp < time; warmUp += 1) await carry('read');
    const { answer, isDone } = await carry('commit', () => process.crash());
    assert.equal(answer, 'none');
    outcomes.add(isDone);
  }
  assert.equal(outcomes.size, 2);
});
