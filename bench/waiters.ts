import { pick } from './numbers.ts';
import { pause } from './slice.ts';
import { Worker } from './worker.ts';

/** What one request of `wait_result` takes while its saga waits for a service that never answers; connection included. */
export interface WaiterMemory {
  readonly waiters: number;
  /** Without the young part of the heap. */
  readonly residentKib: number;
  readonly heapKib: number;
}

/** What grows once, such as the caches of the store, has grown then. */
const firstWaiters = 1000;
const lookEverySeconds = 0.05;
const settleSeconds = 0.5;

export async function measureWaiters(folder: string, waiters: number): Promise<WaiterMemory> {
  const coordinator = new Worker('coordinator.ts', ['sqlite', `${folder}/waiters`]);
  const load = new Worker('load/process.ts');
  const { port: coordinatorPort } = pick(await coordinator.ready(), ['port']);
  const open = async (count: number) => {
    const { rows } = pick(await coordinator.ask('sample'), ['rows']);
    await load.ask('openWaiters', { coordinatorPort, count });
    while (pick(await coordinator.ask('sample'), ['rows']).rows < rows + count) await pause(lookEverySeconds);
    await pause(settleSeconds);
    return pick(await coordinator.ask('memory'), ['residentBytes', 'heapBytes']);
  };
  try {
    const before = await open(firstWaiters);
    const after = await open(waiters);
    const kibOf = (key: keyof typeof before) => (after[key] - before[key]) / waiters / 1024;
    return { waiters, residentKib: kibOf('residentBytes'), heapKib: kibOf('heapBytes') };
  } finally {
    // The clients first: for them a coordinator that goes away is an error.
    await load.kill();
    await coordinator.kill();
  }
}
