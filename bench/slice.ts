import { cpus } from 'node:os';
import { callsOf, type Kind, kinds } from './load/kinds.ts';
import { type Numbers, pick } from './numbers.ts';
import { treeCpuUs } from './process-cpu.ts';
import type { Worker } from './worker.ts';

export interface SliceRequest {
  readonly load: Worker;
  readonly coordinator: Worker;
  /** Further ones, which share the load: two at most. */
  readonly besides?: readonly Worker[];
  /** The first process of the database, whose processor time is told apart. */
  readonly database?: number | undefined;
  /** Of the coordinator, where the load goes; absent: HTTP. */
  readonly port?: 'port' | 'grpcPort';
  /** Default: saga. */
  readonly kind?: Kind;
  readonly inFlight: number;
  /** With wait_result, or a submit without it and then one with it, which is for sagas. */
  readonly wait: boolean;
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** What one slice of time showed, all of it a transaction or a second. Latencies in milliseconds, processor time in us. */
export interface Slice {
  readonly perSecond: number;
  readonly acknowledgedP50Ms: number;
  readonly acknowledgedP99Ms: number;
  readonly finalP50Ms: number;
  readonly finalP99Ms: number;
  /** Of the coordinator process: user and system, all threads. Of several, all together, as whatever is not a share. */
  readonly cpuUs: number;
  /** Of its event loop alone. */
  readonly loopCpuUs: number;
  /** Of the database, all its processes; NaN without one. */
  readonly databaseCpuUs: number;
  /** Of the load generator and the branch services. */
  readonly loadCpuUs: number;
  readonly rows: number;
  readonly commits: number;
  readonly rowsPerCommit: number;
  /** Share of the time in which the coordinator's event loop was busy. */
  readonly busy: number;
  /** Requests that were refused because there was too much to do, and sent again. */
  readonly refused: number;
  /** Share of all processors that was taken by processes that are not of this slice: noise. */
  readonly others: number;
  readonly residentMib: number;
}

const coordinatorKeys = ['cpuUs', 'loopCpuUs', 'rows', 'commits', 'busyMs', 'residentBytes'] as const;
const loadKeys = [
  'timeMs',
  'transactions',
  'refused',
  'forwardCalls',
  'backwardCalls',
  'cpuUs',
  'acknowledgedP50Ms',
  'acknowledgedP99Ms',
  'finalP50Ms',
  'finalP99Ms',
] as const;

/** Both processes at nearly the same moment; at thousands of transactions a second some more or less do not count. */
async function sample({ load, coordinator, besides = [], database }: SliceRequest) {
  const asked = Promise.all([coordinator, ...besides].map((worker) => worker.ask('sample')));
  const [ofLoad, ofCoordinators] = await Promise.all([load.ask('sample'), asked]);
  return {
    load: pick(ofLoad, loadKeys),
    coordinator: sumOf(ofCoordinators.map((numbers) => pick(numbers, coordinatorKeys))),
    databaseCpuUs: database === undefined ? Number.NaN : treeCpuUs(database),
    machine: processorTimes(),
  };
}

type CoordinatorSample = Readonly<Record<(typeof coordinatorKeys)[number], number>>;

function sumOf(samples: readonly CoordinatorSample[]): CoordinatorSample {
  const sum = (key: (typeof coordinatorKeys)[number]) => samples.reduce((total, one) => total + one[key], 0);
  return {
    cpuUs: sum('cpuUs'),
    loopCpuUs: sum('loopCpuUs'),
    rows: sum('rows'),
    commits: sum('commits'),
    busyMs: sum('busyMs') / samples.length,
    residentBytes: sum('residentBytes'),
  };
}

type Sample = Awaited<ReturnType<typeof sample>>;

interface ProcessorTimes {
  readonly busyMs: number;
  readonly allMs: number;
}

/** Of all processors together, since the machine was started; some systems do not tell, and it is 0. */
function processorTimes(): ProcessorTimes {
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const worked = times.user + times.nice + times.sys + times.irq;
    busyMs += worked;
    allMs += worked + times.idle;
  }
  return { busyMs, allMs };
}

function shareOfOthers(before: Sample, after: Sample): number {
  const databaseUs = after.databaseCpuUs - before.databaseCpuUs;
  const ownUs = after.load.cpuUs - before.load.cpuUs + after.coordinator.cpuUs - before.coordinator.cpuUs;
  const ownMs = (ownUs + (Number.isNaN(databaseUs) ? 0 : databaseUs)) / 1000;
  const busyMs = after.machine.busyMs - before.machine.busyMs;
  return Math.max(0, busyMs - ownMs) / (after.machine.allMs - before.machine.allMs);
}

/** Starts load, lets it settle, measures, and stops it. @throws Error where not every branch of every transaction was called */
export async function measureSlice(request: SliceRequest): Promise<Slice> {
  const { load, kind = 'saga', inFlight, settleSeconds, seconds } = request;
  await startLoad(request);
  await pause(settleSeconds);
  const before = await sample(request);
  await pause(seconds);
  const after = await sample(request);
  await load.ask('stop');
  checkCalls(before.load, after.load, kind, inFlight);
  const transactions = after.load.transactions - before.load.transactions;
  const tookMs = after.load.timeMs - before.load.timeMs;
  const of = (key: (typeof coordinatorKeys)[number]) => after.coordinator[key] - before.coordinator[key];
  return {
    perSecond: (transactions / tookMs) * 1000,
    acknowledgedP50Ms: after.load.acknowledgedP50Ms,
    acknowledgedP99Ms: after.load.acknowledgedP99Ms,
    finalP50Ms: after.load.finalP50Ms,
    finalP99Ms: after.load.finalP99Ms,
    cpuUs: of('cpuUs') / transactions,
    loopCpuUs: of('loopCpuUs') / transactions,
    databaseCpuUs: (after.databaseCpuUs - before.databaseCpuUs) / transactions,
    loadCpuUs: (after.load.cpuUs - before.load.cpuUs) / transactions,
    rows: of('rows') / transactions,
    commits: of('commits') / transactions,
    rowsPerCommit: of('rows') / of('commits'),
    busy: of('busyMs') / tookMs,
    refused: (after.load.refused - before.load.refused) / transactions,
    others: shareOfOthers(before, after),
    residentMib: after.coordinator.residentBytes / 1024 / 1024,
  };
}

export type LoadRequest = Omit<SliceRequest, 'settleSeconds' | 'seconds'>;

/** @param newPort services of this load alone, to which nobody has a connection yet */
export async function startLoad(request: LoadRequest, newPort = false): Promise<void> {
  const { load, coordinator, besides = [], port = 'port', kind = 'saga', inFlight, wait } = request;
  const portOf = async (worker: Worker | undefined) =>
    worker === undefined ? 0 : pick(await worker.ready(), [port])[port];
  await load.ask('start', {
    coordinatorPort: await portOf(coordinator),
    coordinatorPort2: await portOf(besides[0]),
    coordinatorPort3: await portOf(besides[1]),
    inFlight,
    kind: kinds.indexOf(kind),
    wait: wait ? 1 : 0,
    newPort: newPort ? 1 : 0,
  });
}

/** Each transaction calls each of its branches once; those in flight at the two moments may be called less or more. */
function checkCalls(before: Numbers, after: Numbers, kind: Kind, inFlight: number): void {
  const between = (key: string) => (after[key] ?? 0) - (before[key] ?? 0);
  const transactions = between('transactions');
  if (transactions === 0) throw new Error(`no ${kind} ended while it was measured: choose more seconds`);
  if (between('backwardCalls') > 0) throw new Error(`${between('backwardCalls')} calls took something back`);
  const surplus = Math.abs(between('forwardCalls') - callsOf[kind] * transactions);
  if (surplus > callsOf[kind] * inFlight) {
    throw new Error(`${transactions} transactions (${kind}) called their branches ${between('forwardCalls')} times`);
  }
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
