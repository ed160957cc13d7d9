import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { encodeId, systemRuntime, wakingClock } from './runtime.ts';

const year = 365 * 24 * 3600 * 1000;

test('a timer never fires before its delay has passed on the monotonic clock', async () => {
  for (const delayMs of [0, 0.4, 1.9, 3.3]) {
    const startedMs = systemRuntime.monotonicMs();
    await new Promise<void>((resolve) => systemRuntime.setTimer(delayMs, resolve));
    const passedMs = systemRuntime.monotonicMs() - startedMs;
    assert.ok(passedMs >= delayMs, `${passedMs} ms after a delay of ${delayMs} ms`);
  }
});

test('a timer of years neither fires at once nor keeps the process once cancelled', async () => {
  let fired = false;
  const timer = systemRuntime.setTimer(10 * year, () => {
    fired = true;
  });
  await new Promise<void>((resolve) => systemRuntime.setTimer(20, resolve));
  assert.equal(fired, false);
  timer.cancel();
});

test('a timer longer than one timeout is armed again, and cancelled in its later part too', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const action = mock.fn();
  const cancelled = mock.fn();
  const delayMs = 2 ** 31 + 1000;
  systemRuntime.setTimer(delayMs, action);
  const timer = systemRuntime.setTimer(delayMs, cancelled);
  pass(2 ** 31 - 1);
  assert.equal(action.mock.callCount(), 0);
  timer.cancel();
  pass(1000);
  assert.equal(action.mock.callCount(), 0);
  pass(1);
  assert.equal(action.mock.callCount(), 1);
  assert.equal(cancelled.mock.callCount(), 0);
});

test('soon runs after what waits for the event loop, never within the call', async () => {
  const order: string[] = [];
  const ran = new Promise<void>((resolve) =>
    systemRuntime.soon(() => {
      order.push('soon');
      resolve();
    }),
  );
  queueMicrotask(() => order.push('microtask'));
  order.push('call');
  await ran;
  assert.deepEqual(order, ['call', 'microtask', 'soon']);
});

test('ids are 22 characters of the alphabet without look-alikes, and differ', () => {
  const ids = new Set<string>();
  for (let count = 0; count < 2000; count += 1) {
    const id = systemRuntime.newId();
    assert.match(id, /^[2-9A-HJ-NP-Za-km-z]{22}$/);
    ids.add(id);
  }
  assert.equal(ids.size, 2000);
});

test('the ends of the range of ids are padded and fit', () => {
  assert.equal(encodeId(0n), '2'.repeat(22));
  assert.equal(encodeId(56n), `${'2'.repeat(21)}z`);
  assert.equal(encodeId(57n), `${'2'.repeat(20)}32`);
  assert.equal(decode(encodeId(2n ** 128n - 1n)), 2n ** 128n - 1n);
});

test('chance stays below 1 and the clocks are those of the machine', async () => {
  for (let count = 0; count < 1000; count += 1) {
    const chance = systemRuntime.random();
    assert.ok(chance >= 0 && chance < 1, String(chance));
  }
  assert.ok(Math.abs(systemRuntime.wallMs() - Date.now()) < 1000);
  assert.ok(systemRuntime.monotonicMs() <= performance.now());
});

function decode(id: string): bigint {
  const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  return [...id].reduce((sum, character) => sum * 57n + BigInt(alphabet.indexOf(character)), 0n);
}

test('time goes on over a sleep of the machine, and small differences of the two clocks do not move it', () => {
  let nowMs = 1000;
  let sinceBootMs = 50_000;
  const clock = wakingClock(
    () => nowMs,
    () => sinceBootMs,
  );
  const pass = (ms: number, sleptMs = 0) => {
    nowMs += ms;
    sinceBootMs += ms + sleptMs;
    return clock();
  };
  assert.equal(pass(1000), 2000);
  assert.equal(pass(1000, 900), 3000, 'less than can be told');
  assert.equal(pass(1000, -900), 4000);
  assert.equal(pass(1000, 60_000), 65_000);
  assert.equal(pass(1000), 66_000);
  assert.equal(pass(1000, 3_600_000), 3_667_000);
});
