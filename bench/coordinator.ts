/**
 * The process that is measured: the coordinator as `serve` puts it together, on the store that is named, with a channel
 * to the main process.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import { serve } from 'holdfast/main';
import { cpuUs, loopCpuUs, serveCommands } from './child.ts';
import { countWrites } from './counted-store.ts';
import { fillStore } from './fill.ts';
import { kinds } from './load/kinds.ts';
import { MemoryStore } from './memory-store.ts';
import { Profiler } from './profile.ts';
import { storeKinds, storeSettings } from './stores.ts';

const purgeRows = 500;
const [name, place = '', stored = '0', profileFolder = ''] = process.argv.slice(2);
const kind = storeKinds.find((one) => one === name);
const settings = loadSettings({
  flags: {
    ...{ 'http.port': '0', 'grpc.port': '0', 'log.level': 'error', 'shutdown.drainMs': '0' },
    ...(kind !== undefined && storeSettings(kind, place)),
    // Several of them on one machine have the same name otherwise.
    nodeName: `bench-${process.pid}`,
  },
});
if (kind !== undefined && Number(stored) > 0) await fillStore(await createStore(settings), Number(stored));

const store = kind === undefined ? new MemoryStore() : await createStore(settings);
const counts = countWrites(store);
const { url, grpcAddress, stop } = await serve(settings, {
  store,
  say: () => undefined,
  fatal: (error) => {
    throw error;
  },
});
process.once('disconnect', () => void stop().then(() => process.exit(0)));

/** As the engine does it every minute: batch after batch, until nothing is left or nobody wants it any more. */
let isPurging = false;
let purged = 0;
async function purge(beforeMs: number): Promise<void> {
  isPurging = true;
  purged = 0;
  for (let rows = purgeRows; isPurging && rows === purgeRows; purged += rows)
    rows = await store.purge(beforeMs, purgeRows);
}

/** What is not used any more is no memory of what is measured. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/**
 * Resident memory of the young part of the heap. After any load it grows to what V8 allows it, and is then the same for
 * one request as for thousands.
 */
function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return young?.physical_space_size ?? 0;
}

const profiler = new Profiler();
serveCommands(
  {
    sample: () => ({
      cpuUs: cpuUs(),
      loopCpuUs: loopCpuUs(),
      rows: counts.rows,
      commits: counts.commits,
      busyMs: performance.eventLoopUtilization().active,
      residentBytes: process.memoryUsage.rss(),
    }),
    memory: () => {
      collectGarbage();
      const { rss, heapUsed, external } = process.memoryUsage();
      return { residentBytes: rss - youngBytes(), heapBytes: heapUsed + external };
    },
    startPurging: ({ beforeMs = 0 }) => {
      void purge(beforeMs);
      return {};
    },
    stopPurging: () => {
      isPurging = false;
      return { purged };
    },
    startProfile: async () => {
      await profiler.start();
      return {};
    },
    stopProfile: async ({ kind = 0, inFlight = 0 }) => {
      await profiler.stop(profileFolder, kinds[kind] ?? 'saga', inFlight);
      return {};
    },
  },
  { port: Number(new URL(url).port), grpcPort: Number(new URL(`http://${grpcAddress}`).port) },
);
