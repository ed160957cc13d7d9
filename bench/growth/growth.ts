import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CompiledCoordinator, installCompiled } from '../compiled.ts';
import { settleDisk } from '../machine.ts';
import { pick } from '../numbers.ts';
import { measureSlice } from '../slice.ts';
import { createDatabase, type Database, databaseBytes, startDatabase } from '../stores.ts';
import { Worker } from '../worker.ts';
import type { GrowthOptions } from './options.ts';

/** The same of both stores, measured right after each other. */
export interface Pair {
  readonly empty: number;
  readonly grown: number;
}

export interface GrowthResult {
  /** Which one, where it is no embedded store. */
  readonly database: string | undefined;
  readonly fillSeconds: number;
  readonly bytesPerTransaction: number;
  /** A page of due transactions, and a claim that finds nothing. */
  readonly claimP50Ms: Pair;
  readonly claimP99Ms: Pair;
  readonly idleClaimMs: Pair;
  /** From exec of the compiled command line to the first 200. */
  readonly startMs: readonly Pair[];
  readonly perSecond: readonly Pair[];
  readonly p99Ms: readonly Pair[];
  /** Of the grown store while it purges, each after a slice in which it did not. */
  readonly purging: readonly { readonly perSecond: number; readonly purgedPerSecond: number }[];
}

const inFlight = 64;
const settleSeconds = 0.5;
const warmUpSeconds = 3;
/** A page is put in, claimed and ended, in both stores, on a machine that may do much else. */
const pageLimitMs = 10_000;
/** All that was filled in had ended before this. */
const purgeAgeMs = 60_000;
const claimKeys = ['emptyP50Ms', 'emptyP99Ms', 'emptyIdleMs', 'grownP50Ms', 'grownP99Ms', 'grownIdleMs'] as const;

type Progress = (text: string) => void;

/** Claims, then starts, then load: each on both stores by turns. */
export async function measureGrowth(options: GrowthOptions, folder: string, progress: Progress): Promise<GrowthResult> {
  const { store } = options;
  const database = store === 'sqlite' ? undefined : await startDatabase(store);
  try {
    const places = await placesOf(database, folder);
    return await measurePlaces(options, { places, database, folder }, progress);
  } finally {
    await database?.server.stop();
  }
}

interface Parts {
  readonly places: Places;
  readonly database: Database | undefined;
  readonly folder: string;
}

async function measurePlaces(options: GrowthOptions, parts: Parts, progress: Progress): Promise<GrowthResult> {
  const { store, stored } = options;
  const { places, database, folder } = parts;
  progress(`${stored} finished transactions are stored`);
  const stores = new Worker('growth/store-process.ts', [store, places.empty, places.grown, String(stored)]);
  try {
    const { fillSeconds } = pick(await stores.ready(), ['fillSeconds']);
    const bytesOf = (name: keyof Places) =>
      database === undefined || store === 'sqlite' ? bytesIn(places[name]) : databaseBytes(store, database, name);
    const bytesPerTransaction = ((await bytesOf('grown')) - (await bytesOf('empty'))) / stored;
    settleDisk();
    progress('claims');
    const claims = await measureClaims(stores, options.pages);
    await stores.end();
    progress('starts of the compiled coordinator');
    const cli = installCompiled(join(folder, 'installed', 'node_modules'));
    const startMs = await measureStarts(cli, options, places);
    const load = await measureLoad(options, places, database?.server.pid, progress);
    return { database: database?.name, fillSeconds, bytesPerTransaction, ...claims, startMs, ...load };
  } finally {
    await stores.end();
  }
}

/** Data folders, or addresses of databases of these names. */
interface Places {
  readonly empty: string;
  readonly grown: string;
}

async function placesOf(database: Database | undefined, folder: string): Promise<Places> {
  if (database === undefined) return { empty: join(folder, 'empty'), grown: join(folder, 'grown') };
  return { empty: await createDatabase(database, 'empty'), grown: await createDatabase(database, 'grown') };
}

async function measureClaims(stores: Worker, pages: number) {
  const answer = pick(await stores.ask('claim', { pages }, pages * pageLimitMs), claimKeys);
  return {
    claimP50Ms: { empty: answer.emptyP50Ms, grown: answer.grownP50Ms },
    claimP99Ms: { empty: answer.emptyP99Ms, grown: answer.grownP99Ms },
    idleClaimMs: { empty: answer.emptyIdleMs, grown: answer.grownIdleMs },
  };
}

async function measureStarts(cli: string, { repetitions }: GrowthOptions, places: Places) {
  const start = async (data: string) => {
    const coordinator = await CompiledCoordinator.start(cli, data);
    await coordinator.end();
    return coordinator.readyMs - coordinator.startedMs;
  };
  const pairs: Pair[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const isEmptyFirst = repetition % 2 === 0;
    const first = await start(isEmptyFirst ? places.empty : places.grown);
    const second = await start(isEmptyFirst ? places.grown : places.empty);
    pairs.push(isEmptyFirst ? { empty: first, grown: second } : { empty: second, grown: first });
  }
  return pairs;
}

async function measureLoad(options: GrowthOptions, places: Places, database: number | undefined, progress: Progress) {
  const load = new Worker('load/process.ts');
  const empty = new Worker('coordinator.ts', [options.store, places.empty]);
  const grown = new Worker('coordinator.ts', [options.store, places.grown]);
  const slice = (coordinator: Worker, seconds = options.seconds) =>
    measureSlice({ load, coordinator, database, inFlight, wait: true, settleSeconds, seconds });
  const perSecond: Pair[] = [];
  const p99Ms: Pair[] = [];
  const purging: { perSecond: number; purgedPerSecond: number }[] = [];
  try {
    progress('warming up');
    for (const coordinator of [empty, grown])
      await slice(coordinator, Math.max(1, Math.min(warmUpSeconds, options.seconds)));
    for (let repetition = 0; repetition < options.repetitions; repetition += 1) {
      progress(`load, repetition ${repetition + 1} of ${options.repetitions}`);
      const isEmptyFirst = repetition % 2 === 0;
      const first = await slice(isEmptyFirst ? empty : grown);
      const second = await slice(isEmptyFirst ? grown : empty);
      const [ofEmpty, ofGrown] = isEmptyFirst ? [first, second] : [second, first];
      perSecond.push({ empty: ofEmpty.perSecond, grown: ofGrown.perSecond });
      p99Ms.push({ empty: ofEmpty.finalP99Ms, grown: ofGrown.finalP99Ms });
      const startedMs = performance.now();
      await grown.ask('startPurging', { beforeMs: Date.now() - purgeAgeMs });
      const whilePurging = await slice(grown);
      const { purged } = pick(await grown.ask('stopPurging'), ['purged']);
      const seconds = (performance.now() - startedMs) / 1000;
      purging.push({ perSecond: whilePurging.perSecond, purgedPerSecond: purged / seconds });
    }
    return { perSecond, p99Ms, purging };
  } finally {
    await Promise.all([load, empty, grown].map((worker) => worker.end()));
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
