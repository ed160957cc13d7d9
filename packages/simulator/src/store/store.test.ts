import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testStore } from 'holdfast/store/contract';
import { StoreError } from 'holdfast/store/store';
import { SimulatedProcess } from '../kernel/process.ts';
import { Random } from '../kernel/random.ts';
import { Scheduler } from '../kernel/scheduler.ts';
import { Statistics } from '../kernel/statistics.ts';
import { Database } from './database.ts';
import { type Link, StoreLink } from './link.ts';
import { SimulatedStore } from './store.ts';
import { calmWeather } from './weather.ts';

/** Runs the scheduler whenever somebody waits for the store, as the suite knows nothing of simulated time. */
function selfRunning(scheduler: Scheduler, link: Link): Link {
  let isRunning = false;
  const run = () => {
    if (isRunning) return;
    isRunning = true;
    scheduler
      .run(() => false)
      .then(() => {
        isRunning = false;
      })
      .catch(assert.fail);
  };
  return {
    carry(operation, apply) {
      const carried = link.carry(operation, apply);
      run();
      return carried;
    },
  };
}

function handles(exclusive: boolean) {
  const random = new Random(1, 'store');
  const scheduler = new Scheduler(random);
  const database = new Database(() => Date.now());
  let lives = 0;
  return (format = 1) => {
    lives += 1;
    const process = new SimulatedProcess(`a${lives}`, scheduler, random);
    const link = new StoreLink(process, {
      scheduler,
      random,
      weather: calmWeather(),
      statistics: new Statistics(),
      isEmbedded: exclusive,
      machine: 'a',
      passed: () => undefined,
    });
    const pause = () => Promise.resolve();
    return new SimulatedStore({
      exclusive,
      database,
      link: selfRunning(scheduler, link),
      by: process.id,
      pause,
      format,
    });
  };
}

for (const exclusive of [true, false]) {
  testStore(`simulated, ${exclusive ? 'exclusive' : 'shared'}`, async () => {
    const newHandle = handles(exclusive);
    let store = newHandle();
    await store.open();
    const others: SimulatedStore[] = [];
    return {
      store,
      beside: async ({ isNext = false } = {}) => {
        const other = newHandle(isNext ? 2 : 1);
        await other.open();
        others.push(other);
        return other;
      },
      reopen: async () => {
        await store.close();
        store = newHandle();
        await store.open();
        return store;
      },
      close: async () => {
        for (const opened of [store, ...others]) await opened.close();
      },
    };
  });
}

test('exclusive: a second process is refused while the first has it open', async () => {
  const newHandle = handles(true);
  const first = newHandle();
  const second = newHandle();
  await first.open();
  await assert.rejects(second.open(), (error) => error instanceof StoreError && error.code === 'locked');
  await first.close();
  await second.open();
});
