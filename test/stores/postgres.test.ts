/** The contract of stores on a real PostgreSQL. */
import { after, before, test } from 'node:test';
import { testStore } from '../../packages/server/src/store/contract.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

if ('missing' in programs) {
  test('postgres', { skip: programs.missing });
} else {
  let fixture: PostgresFixture;
  before(async () => {
    fixture = await PostgresFixture.start(programs.found);
  });
  after(() => fixture.stop());

  testStore('postgres', async () => {
    const stores: PostgresStore[] = [];
    const openNext = async () => {
      const store = new PostgresStore(fixture.settings());
      await store.open();
      stores.push(store);
      return store;
    };
    const closeAll = async () => {
      for (const opened of stores.splice(0)) await opened.close();
    };
    const store = await openNext();
    return {
      store,
      beside: async ({ withoutRowLocks } = { withoutRowLocks: false }) => {
        if (withoutRowLocks) await fixture.claimWithoutLocks();
        return openNext();
      },
      reopen: async () => {
        await closeAll();
        return openNext();
      },
      damage: (gid, damage) => fixture.damage(gid, damage),
      close: async () => {
        await closeAll();
        await fixture.empty();
      },
    };
  });
}
