import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { encodeDefinition, encodeProgress } from '../../packages/server/src/store/codec.ts';
import { aDefinition, aProgress } from '../../packages/server/src/store/contract/fixtures.ts';
import { percentile } from '../statistics.ts';
import type { Layout } from './layouts.ts';

export interface Load {
  readonly sagas: number;
  readonly seconds: number;
  readonly claimed: number;
  readonly claimP50Ms: number;
  readonly claimP99Ms: number;
}

/** Creations, and as many ends, in one batch: what a coordinator with 64 sagas in flight writes at a time. */
const half = 32;
/** Of those created, so many are not quick: they are handed back, and claimed when they are due. */
const slow = 1;
const slowMs = 500;
const claimEveryMs = 50;
const claimRows = 100;
/** A saga of this load is due half a second after it was handed back. */
const marginMs = 60_000;

const bytes = (stored: string | Uint8Array) => (typeof stored === 'string' ? Buffer.from(stored) : Buffer.from(stored));
const definition = (gid: string) => bytes(encodeDefinition(aDefinition(gid)));
const atFirst = bytes(encodeProgress(aProgress('submitted')).text);
const atTheEnd = bytes(
  encodeProgress(
    aProgress('succeed', {
      operations: 'ssss',
      attempts: [1, 3].map((operation) => ({
        operation,
        atMs: 1,
        durationMs: 3,
        outcome: 'success' as const,
        reason: '',
      })),
      attemptCount: 2,
    }),
  ).text,
);

/** The store's batches from several connections for a while, and the claims of a node beside them. */
export async function load(clients: readonly pg.Client[], layout: Layout, seconds: number): Promise<Load> {
  const [claimer, ...writers] = clients;
  if (claimer === undefined) throw new Error('no connection');
  const untilMs = performance.now() + seconds * 1000;
  const due: string[] = [];
  const claims = claimRounds(claimer, layout, untilMs, due);
  const counts = await Promise.all(writers.map((writer) => batches(writer, layout, untilMs, due)));
  const { claimed, durations } = await claims;
  durations.sort((one, other) => one - other);
  return {
    sagas: counts.reduce((sum, count) => sum + count, 0),
    seconds,
    claimed,
    claimP50Ms: percentile(durations, 0.5),
    claimP99Ms: percentile(durations, 0.99),
  };
}

async function batches(client: pg.Client, { batch }: Layout, untilMs: number, due: string[]): Promise<number> {
  let open: string[] = [];
  let ended = 0;
  while (performance.now() < untilMs) {
    const nowMs = Date.now();
    const gids = Array.from({ length: half }, () => randomBytes(15).toString('base64url'));
    const tokens = () => Array.from({ length: half }, () => randomBytes(9).toString('base64url'));
    const ends = [...open.slice(slow), ...due.splice(0, slow)];
    const slept = open.slice(0, slow);
    await client.query(batch, [
      gids,
      tokens(),
      gids.map(() => 'node-1'),
      gids.map(() => nowMs),
      gids.map(definition),
      gids.map(() => atFirst),
      ends,
      tokens().slice(0, ends.length),
      ends.map(() => nowMs),
      ends.map(() => atTheEnd),
      slept,
      slept.map(() => nowMs + slowMs),
    ]);
    ended += ends.length;
    open = gids;
  }
  return ended;
}

async function claimRounds(client: pg.Client, { claim, moves }: Layout, untilMs: number, due: string[]) {
  const durations: number[] = [];
  let claimed = 0;
  while (performance.now() < untilMs) {
    const beganMs = performance.now();
    const nowMs = Date.now();
    const fromMs = moves ? nowMs - marginMs : 0;
    const { rows } = await client.query<{ gid: string }>(claim, [nowMs, claimRows, fromMs]);
    durations.push(performance.now() - beganMs);
    claimed += rows.length;
    due.push(...rows.map(({ gid }) => gid));
    await pause(claimEveryMs);
  }
  return { claimed, durations };
}
