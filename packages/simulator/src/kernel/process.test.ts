import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineClock } from './clock.ts';
import { SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import { SimulatedRuntime } from './runtime.ts';
import { Scheduler } from './scheduler.ts';

function machine(drift = 0) {
  const random = new Random(4, 'test');
  const scheduler = new Scheduler(random);
  const clock = new MachineClock(scheduler, drift, 0, 1000);
  const process = new SimulatedProcess('a1', scheduler, random);
  const runtime = new SimulatedRuntime(process, clock, random);
  const until = (atMs: number) => {
    let isReached = false;
    scheduler.at(atMs, () => {
      isReached = true;
    });
    return scheduler.run(() => isReached);
  };
  return { scheduler, clock, process, runtime, until };
}

test('a paused process does nothing; when it goes on, what was due happens in order', async () => {
  const { process, runtime, scheduler, until } = machine();
  const log: string[] = [];
  runtime.setTimer(100, () => log.push(`first at ${Math.floor(scheduler.nowMs / 100)}`));
  runtime.setTimer(200, () => log.push(`second at ${Math.floor(scheduler.nowMs / 100)}`));
  process.pause();
  await until(1000);
  assert.deepEqual(log, []);
  process.resume();
  await until(2000);
  assert.deepEqual(log, ['first at 10', 'second at 10']);
});

test('a dead process does nothing ever again', async () => {
  const { process, runtime, until } = machine();
  const log: string[] = [];
  runtime.setTimer(100, () => log.push('timer'));
  runtime.soon(() => log.push('soon'));
  process.crash();
  await until(1000);
  assert.deepEqual(log, []);
  assert.equal(process.isAlive, false);
});

test('suspended: the monotonic clock stands still, the wall clock does not, and timers wait as long', async () => {
  const { process, clock, runtime, scheduler, until } = machine();
  const firedMs: number[] = [];
  runtime.setTimer(1000, () => firedMs.push(scheduler.nowMs));
  await until(500);
  const monotonicMs = runtime.monotonicMs();
  const wallMs = runtime.wallMs();
  process.pause();
  clock.suspend();
  await until(3500);
  assert.equal(runtime.monotonicMs(), monotonicMs);
  assert.equal(runtime.wallMs(), wallMs + 3000);
  clock.resume();
  process.resume();
  await until(3900);
  assert.deepEqual(firedMs, []);
  await until(5000);
  assert.equal(firedMs.length, 1);
  assert.ok((firedMs[0] ?? 0) >= 4000);
});

test('clocks run too fast or too slow, and the wall clock jumps', async () => {
  const { clock, until } = machine(0.01);
  const wallMs = clock.wallMs();
  await until(100_000);
  assert.equal(Math.round(clock.monotonicMs()), 102_000);
  assert.equal(clock.wallMs() - wallMs, 101_000);
  clock.jump(-5000);
  assert.equal(clock.wallMs() - wallMs, 96_000);
  assert.equal(Math.round(clock.monotonicMs()), 102_000);
});

test('timers are cancelled, ids carry the name of their process', async () => {
  const { runtime, until } = machine();
  const log: string[] = [];
  runtime.setTimer(10, () => log.push('cancelled')).cancel();
  await until(100);
  assert.deepEqual(log, []);
  assert.match(runtime.newId(), /^a1-/);
  assert.notEqual(runtime.newId(), runtime.newId());
});
