/**
 * The process that works on the stores themselves, without a coordinator: fills one before it is ready, and claims from
 * both by turns. One process for both, so that whatever it does besides costs both the same.
 */
import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import { serveCommands } from '../child.ts';
import { fillStore } from '../fill.ts';
import { storeKind } from '../options.ts';
import { storeSettings } from '../stores.ts';
import { claimPages } from './claims.ts';

const [kind, emptyPlace = '', grownPlace = '', stored = '0'] = process.argv.slice(2);
const storeAt = (place: string) => createStore(loadSettings({ flags: storeSettings(storeKind(kind), place) }));
await fillStore(await storeAt(emptyPlace), 0);
const startedMs = performance.now();
await fillStore(await storeAt(grownPlace), Number(stored));

serveCommands(
  {
    claim: async ({ pages = 1 }) => {
      const stores = [await storeAt(emptyPlace), await storeAt(grownPlace)];
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
