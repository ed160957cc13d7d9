import type { Store } from 'holdfast/store/store';
import { dueSaga, finished } from '../fill.ts';
import { scattered } from '../load/kinds.ts';
import { Latencies } from '../statistics.ts';

/** As many as a coordinator claims at once by default. */
const pageRows = 200;
const hourMs = 3_600_000;
const maxBytes = 256 * 1024 * 1024;

export interface ClaimTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a claim that finds nothing. */
  readonly idleP50Ms: number;
}

/** Pages of due transactions are put into each store by turns, claimed, which is timed, and finished. */
export async function claimPages(stores: readonly Store[], pages: number): Promise<ClaimTimes[]> {
  const subjects = stores.map((store) => ({ store, full: new Latencies(), idle: new Latencies() }));
  const incarnation = 'bench';
  // The first page of each warms up.
  for (let page = 0; page <= pages; page += 1) {
    for (const { store, full, idle } of subjects) {
      const createdMs = Date.now() - hourMs;
      const sagas = Array.from({ length: pageRows }, (_, row) =>
        dueSaga(`${scattered(page * pageRows + row)}due${page}-${row}`, createdMs),
      );
      await store.commit(sagas);
      const startedMs = performance.now();
      const { claimed } = await store.claim({
        incarnation,
        nowMs: Date.now(),
        dead: [],
        maxCount: pageRows,
        maxBytes,
      });
      const tookMs = performance.now() - startedMs;
      if (claimed.length !== pageRows) throw new Error(`${claimed.length} of ${pageRows} were claimed`);
      await store.commit(
        claimed.map(({ definition, progress, version }) => ({
          kind: 'update',
          gid: definition.gid,
          token: `end:${definition.gid}`,
          expectOwner: incarnation,
          expectVersion: version,
          owner: null,
          progress: finished(progress),
        })),
      );
      const idleMs = performance.now();
      await store.claim({ incarnation, nowMs: Date.now(), dead: [], maxCount: pageRows, maxBytes });
      if (page === 0) continue;
      idle.add(performance.now() - idleMs);
      full.add(tookMs);
    }
  }
  return subjects.map(({ full, idle }) => ({ ...full.take(), idleP50Ms: idle.take().p50Ms }));
}
