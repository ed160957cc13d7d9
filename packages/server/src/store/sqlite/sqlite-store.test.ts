import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testStore } from '../contract.ts';
import { SqliteStore } from './sqlite-store.ts';
import { damageRow } from './testing/damage-row.ts';

testStore('sqlite', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-sqlite-'));
  const stores: SqliteStore[] = [];
  const openNext = async () => {
    const store = new SqliteStore({ dataDir });
    await store.open();
    stores.push(store);
    return store;
  };
  const store = await openNext();
  return {
    store,
    reopen: async () => {
      for (const opened of stores) await opened.close();
      return openNext();
    },
    damage: async (gid, damage) => damageRow(join(dataDir, 'holdfast.db'), gid, damage),
    close: async () => {
      for (const opened of stores) await opened.close();
      await rm(dataDir, { recursive: true });
    },
  };
});
