import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setImmediate as nextRound, setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

/** An input that takes longer hangs; far more than a loaded machine needs. */
const hangSeconds = 60;
/** Inputs before the memory in use is looked at for the first time. */
const warmInputs = 500;
const roundInputs = 50;
const collections = 10;
/** What the memory in use may grow by from then on, and the process at its largest. */
const mostKeptBytes = 32 * 2 ** 20;
const mostPeakBytes = 768 * 2 ** 20;

/** What a slice gave, for `npm run fuzz`. */
export interface Slice {
  /** The first input that was not tried, or the one that failed. */
  readonly next: number;
  readonly seconds: number;
}

/**
 * How long a fuzz test runs, and where it goes on: each input has a number, from which it is made again.
 * `HOLDFAST_FUZZ_SECONDS` (30) and `HOLDFAST_FUZZ_FROM` (1) choose; what it prints at its end is where the
 * next slice begins. It fails where an input fails, hangs, or where memory grows.
 */
export async function fuzz(name: string, one: (seed: number) => Promise<void> | void): Promise<void> {
  const seconds = Number(process.env['HOLDFAST_FUZZ_SECONDS'] ?? '30');
  const from = Number(process.env['HOLDFAST_FUZZ_FROM'] ?? '1');
  const startedMs = performance.now();
  const current = new Uint32Array(new SharedArrayBuffer(4));
  const watch = new Worker(new URL('./watch.ts', import.meta.url), { workerData: { name, current, hangSeconds } });
  watch.unref();
  let keptBytes: number | undefined;
  let seed = from;
  for (; seed === from || performance.now() < startedMs + seconds * 1000; seed += 1) {
    Atomics.store(current, 0, seed);
    try {
      await one(seed);
    } catch (cause) {
      keep(seed, startedMs);
      throw new Error(`${name}: input ${seed} (HOLDFAST_FUZZ_FROM=${seed} HOLDFAST_FUZZ_SECONDS=0)`, { cause });
    }
    // Else what waits for the next round of the event loop, as streams do that are destroyed, would never be let go.
    if (seed % roundInputs === 0) await nextRound();
    if (seed === from + warmInputs) keptBytes = await bytesInUse();
  }
  keep(seed, startedMs);
  await watch.terminate();
  if (keptBytes !== undefined) {
    const grown = (await bytesInUse()) - keptBytes;
    assert.ok(grown < mostKeptBytes, `${name}: ${grown} bytes more are in use after inputs ${from} to ${seed - 1}`);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  assert.ok(peakBytes < mostPeakBytes, `${name}: ${peakBytes} bytes were in use during inputs ${from} to ${seed - 1}`);
  console.log(`fuzz ${name}: inputs ${from} to ${seed - 1}; go on with HOLDFAST_FUZZ_FROM=${seed}`);
}

/** Where `npm run fuzz` looks for it. */
function keep(next: number, startedMs: number): void {
  const path = process.env['HOLDFAST_FUZZ_RESULT'];
  const slice: Slice = { next, seconds: Math.round((performance.now() - startedMs) / 1000) };
  if (path !== undefined) writeFileSync(path, JSON.stringify(slice));
}

/** Of the heap and of buffers, once what nobody holds was collected. Buffers are freed beside the collection, some time later. */
async function bytesInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < collections; round += 1) {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
    await setTimeout(10);
  }
  return least;
}
