import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallOut, createTransaction } from '@holdfast/core';
import type { StoredTransaction } from '../store/store.ts';
import { EngineClock } from './clock.ts';
import { type ExplainedHold, explained } from './explained.ts';
import type { HeldBack } from './ports.ts';
import { askedSaga, defaults } from './testing/asked.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

const startMs = 5_000_000;
const breaker: HeldBack = {
  kind: 'breaker',
  destination: 'http://a',
  sinceMs: 100,
  probeMs: 900,
  callsOut: 0,
  longest: [],
};
const slot: HeldBack = {
  kind: 'slot',
  destination: 'http://a',
  sinceMs: undefined,
  probeMs: undefined,
  callsOut: 256,
  longest: [],
};
const waits = (askedMs: number): CallOut => ({ askedMs, sentMs: undefined });

interface Case {
  readonly steps?: number;
  /** The first action has no URL. */
  readonly isFirstEmpty?: boolean;
  /** Undefined: nobody drives it. */
  readonly inFlight?: readonly (readonly [operation: number, call: CallOut])[];
  readonly held?: (url: string) => HeldBack | undefined;
}

/** A concurrent saga, half a second after its beginning: what holds back its calls, and which URLs were asked about. */
async function holdsOf({ steps = 2, isFirstEmpty = false, inFlight, held = () => breaker }: Case) {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(startMs);
  await runtime.advance(500);
  const asked = { ...askedSaga('g', steps), customData: JSON.stringify({ concurrent: true }) };
  const given = asked.steps.map((step, index) => (index === 0 && isFirstEmpty ? { ...step, action: '' } : step));
  const transaction = createTransaction({ ...asked, steps: given, createdMs: startMs }, 'submitted', defaults);
  const urls: string[] = [];
  const destinations = {
    shown: () => [],
    heldBack: (url: string) => {
      urls.push(url);
      return held(url);
    },
  };
  const stored = { ...transaction, branches: [] } as unknown as StoredTransaction;
  const known = inFlight && { transaction, inFlight: new Map(inFlight) };
  const { heldBack } = explained(stored, transaction, known, { clock, destinations });
  assert.deepEqual(explained(stored, transaction, known, { clock, destinations: undefined }).heldBack, []);
  return { heldBack, urls };
}

const told = (hold: HeldBack, sinceMs: number, probeMs: number | undefined): ExplainedHold => {
  return { ...hold, sinceMs, probeMs };
};

test('an open breaker is told once for its destination, with engine times', async () => {
  const { heldBack, urls } = await holdsOf({});
  assert.deepEqual(heldBack, [told(breaker, startMs + 100, startMs + 900)]);
  assert.deepEqual(urls, ['http://a/1', 'http://a/2']);
});

test('each destination is told of, and what nothing holds back is not', async () => {
  const held = (url: string) => (url === 'http://a/2' ? undefined : { ...breaker, destination: url });
  const { heldBack } = await holdsOf({ steps: 3, held });
  assert.deepEqual(
    heldBack.map(({ destination }) => destination),
    ['http://a/1', 'http://a/3'],
  );
});

test('a place is waited for by who was asked for, since then; by nobody before its call is due', async () => {
  const waiting = await holdsOf({
    held: () => slot,
    inFlight: [
      [1, waits(startMs + 7)],
      [3, waits(startMs + 8)],
    ],
  });
  assert.deepEqual(waiting.heldBack, [told(slot, startMs + 7, undefined)]);
  assert.deepEqual((await holdsOf({ held: () => slot })).heldBack, []);
});

test('a call that went out is held back by nothing', async () => {
  const out: CallOut = { askedMs: startMs, sentMs: startMs };
  const { heldBack, urls } = await holdsOf({
    inFlight: [
      [1, out],
      [3, waits(startMs)],
    ],
  });
  assert.deepEqual([heldBack.length, urls], [1, ['http://a/2']]);
  const allOut = await holdsOf({
    inFlight: [
      [1, out],
      [3, out],
    ],
  });
  assert.deepEqual([allOut.heldBack, allOut.urls], [[], []]);
});

test('a branch without a URL has no destination', async () => {
  const { urls } = await holdsOf({ isFirstEmpty: true });
  assert.deepEqual(urls, ['http://a/2']);
});

test('of thousands of calls a hundred are looked at', async () => {
  const { heldBack, urls } = await holdsOf({ steps: 150 });
  assert.deepEqual([heldBack.length, urls.length], [1, 100]);
});
