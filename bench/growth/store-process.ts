/**
 * The process that works on the stores themselves, without a coordinator: fills one before it is ready, and claims from
 * both by turns. One process for both, so that whatever it does besides costs both the same.
 */
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { serveCommands } from '../child.ts';
import { fillStore } from '../fill.ts';
import { claimPages } from './claims.ts';

const [emptyFolder = '', grownFolder = '', stored = '0'] = process.argv.slice(2);
await fillStore(new SqliteStore({ dataDir: emptyFolder }), 0);
const startedMs = performance.now();
await fillStore(new SqliteStore({ dataDir: grownFolder }), Number(stored));

serveCommands(
  {
    claim: async ({ pages = 1 }) => {
      const stores = [emptyFolder, grownFolder].map((dataDir) => new SqliteStore({ dataDir }));
      for (const store of stores) await store.open();
      const [empty, grown] = await claimPages(stores, pages);
      for (const store of stores) await store.close();
      if (empty === undefined || grown === undefined) throw new Error('not both stores were claimed from');
      return {
        emptyP50Ms: empty.p50Ms,
        emptyP99Ms: empty.p99Ms,
        emptyIdleMs: empty.idleP50Ms,
        grownP50Ms: grown.p50Ms,
        grownP99Ms: grown.p99Ms,
        grownIdleMs: grown.idleP50Ms,
      };
    },
  },
  { fillSeconds: (performance.now() - startedMs) / 1000 },
);
