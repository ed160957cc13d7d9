import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClaimResult } from '../store/store.ts';
import { EngineClock } from './clock.ts';
import { Schedule, usualSleepMs } from './schedule.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

function world(
  answer: (round: number) => Promise<ClaimResult>,
  rows = () => 10,
  longestSleepMs: number = usualSleepMs.exclusive,
) {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(0);
  const rounds: number[] = [];
  const errors: unknown[] = [];
  const schedule = new Schedule({
    runtime,
    clock,
    longestSleepMs,
    lookAtMs: (dueMs) => dueMs,
    room: () => ({ rows: rows(), bytes: 1000 }),
    claim: () => {
      rounds.push(clock.nowMs());
      return answer(rounds.length);
    },
    failed: (error) => errors.push(error),
  });
  return { runtime, schedule, rounds, errors };
}

const nothing: ClaimResult = { claimed: [], nextDueMs: undefined };

test('it looks again at the next due time, and at the latest after a second', async () => {
  const { runtime, schedule, rounds } = world(async (round) => ({ claimed: [], nextDueMs: round === 1 ? 300 : 9000 }));
  schedule.dueAt(0);
  await runtime.advance(2000);
  assert.deepEqual(rounds, [0, 300, 1300]);
});

test('where it may sleep for long it looks at due times alone', async () => {
  const dueMs = 10 * 365 * 24 * 3600 * 1000;
  const answers = [dueMs, undefined];
  const { runtime, schedule, rounds } = world(
    async (round) => ({ claimed: [], nextDueMs: answers[round - 1] }),
    undefined,
    Number.POSITIVE_INFINITY,
  );
  schedule.dueAt(0);
  await runtime.advance(2 * dueMs);
  assert.deepEqual(rounds, [0, dueMs]);
});

test('a wake while a page is being claimed is kept', async () => {
  const waiting: ((result: ClaimResult) => void)[] = [];
  const { runtime, schedule, rounds } = world(() => new Promise((resolve) => waiting.push(resolve)));
  schedule.dueAt(0);
  await runtime.advance(10);
  schedule.dueAt(5);
  waiting[0]?.(nothing);
  await runtime.advance(0);
  assert.deepEqual(rounds, [0, 10]);
});

test('a due time told while a page is being claimed is kept', async () => {
  const waiting: ((result: ClaimResult) => void)[] = [];
  const { runtime, schedule, rounds } = world(() => new Promise((resolve) => waiting.push(resolve)));
  schedule.dueAt(0);
  await runtime.advance(10);
  schedule.dueAt(200);
  waiting[0]?.(nothing);
  await runtime.advance(400);
  assert.deepEqual(rounds, [0, 200]);
});

test('an earlier due time shortens the sleep, a later one does not', async () => {
  const { runtime, schedule, rounds } = world(async () => nothing);
  schedule.dueAt(500);
  schedule.dueAt(100);
  schedule.dueAt(400);
  await runtime.advance(450);
  assert.deepEqual(rounds, [100]);
});

test('without room nothing is claimed, and it goes on soon after there is room', async () => {
  let rows = 0;
  const { runtime, schedule, rounds } = world(
    async () => nothing,
    () => rows,
  );
  schedule.dueAt(0);
  await runtime.advance(50);
  assert.deepEqual(rounds, []);
  rows = 5;
  await runtime.advance(20);
  assert.equal(rounds.length, 1);
});

test('B8: a claim that fails is told, and tried again after a second', async () => {
  const { runtime, schedule, rounds, errors } = world(async (round) => {
    if (round === 1) throw new Error('away');
    return nothing;
  });
  schedule.dueAt(0);
  await runtime.advance(1100);
  assert.equal(errors.length, 1);
  assert.deepEqual(rounds, [0, 1000]);
});

test('once stopped it looks no more', async () => {
  const { runtime, schedule, rounds } = world(async () => nothing);
  schedule.dueAt(100);
  schedule.stop();
  schedule.dueAt(50);
  await runtime.advance(3000);
  assert.deepEqual(rounds, []);
  assert.equal(runtime.timerCount, 0);
});

test('what was heard of takes the place of what was heard before; what is known here stays', async () => {
  const { runtime, schedule, rounds } = world(async () => nothing, undefined, 60_000);
  schedule.dueAt(0);
  await runtime.advance(10);
  schedule.heard(500);
  schedule.heard(5000);
  await runtime.advance(1000);
  assert.deepEqual(rounds, [0], 'somebody else has taken what was due at 500');
  schedule.dueAt(2000);
  schedule.heard(undefined);
  await runtime.advance(10_000);
  assert.deepEqual(rounds, [0, 2000]);
});

test('what others take at the same moment, or hold, is looked for again soon, then less and less often', async () => {
  const answers = [5, 5, 5, 5, undefined];
  const { runtime, schedule, rounds } = world(async (round) => ({ claimed: [], nextDueMs: answers[round - 1] }));
  await runtime.advance(100);
  schedule.dueAt(0);
  await runtime.advance(900);
  assert.deepEqual(rounds, [100, 110, 130, 170, 250]);
});
