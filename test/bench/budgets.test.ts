import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Budget } from '../../bench/budget.ts';
import { growthBudgets } from '../../bench/growth/budgets.ts';
import { layoutBudgets, type Phase } from '../../bench/layouts/budgets.ts';
import { recoveryBudgets } from '../../bench/recovery/budgets.ts';
import { takeoverBudgets } from '../../bench/takeover/budgets.ts';

const met = (budgets: readonly Budget[]) => budgets.map(({ isMet }) => isMet);

function phase(name: Phase['phase'], perSecond: number, p99Ms: number, unfinished = 0, layout = 'store'): Phase {
  return { layout, phase: name, load: { sagas: perSecond * 10, seconds: 10, unfinished, claims: { p99Ms } } };
}

test('a takeover is judged by its median and by the slowest of all', () => {
  assert.deepEqual(met(takeoverBudgets({ half: 5.9, all: 7 })), [true, true]);
  assert.deepEqual(met(takeoverBudgets({ half: 6, all: 7.1 })), [false, false]);
});

test('under a snapshot the store keeps four fifths of its throughput, and claims take twice as long at most', () => {
  const clean = phase('clean', 1000, 10);
  assert.deepEqual(met(layoutBudgets([clean, phase('pinned', 800, 20)])), [true, true, true]);
  assert.deepEqual(met(layoutBudgets([clean, phase('pinned', 790, 20.1, 1)])), [false, false, false]);
  const others = [phase('clean', 1000, 10, 0, 'active'), phase('pinned', 1, 1000, 0, 'active')];
  assert.deepEqual(layoutBudgets(others), []);
});

test('a recovery on a database is also judged by what it ends a second', () => {
  const ratios = { rate: 1, firstSecond: 1, besideDead: 1 };
  assert.deepEqual(met(recoveryBudgets(ratios)), [true, true, true]);
  assert.deepEqual(met(recoveryBudgets({ ...ratios, perSecond: 1090 })), [true, true, true, true]);
  assert.deepEqual(met(recoveryBudgets({ ...ratios, perSecond: 1089 })), [true, true, true, false]);
});

test('with a million finished rows a store may be slower by a tenth', () => {
  assert.deepEqual(met(growthBudgets({ throughput: 0.9, claimTime: 1.1, startMs: 999 })), [true, true, true]);
  assert.deepEqual(met(growthBudgets({ throughput: 0.89, claimTime: 1.11, startMs: 1000 })), [false, false, false]);
});
