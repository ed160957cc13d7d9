import { after, before, test } from 'node:test';
import { testStore } from '../../../packages/server/src/store/contract.ts';
import { migrations } from '../../../packages/server/src/store/postgres/migrations.ts';
import { PostgresStore } from '../../../packages/server/src/store/postgres/postgres-store.ts';
import type { PgBouncerPrograms, PostgresPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';
import { startPgBouncer } from '../../lib/servers/pgbouncer.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import { PostgresFixture } from './postgres-fixture.ts';

/** All that the next version of Holdfast changes in the tables. */
const nothing = { adds: [], removes: [] };

/**
 * The contract of stores on one server for all of its cases.
 * @param pooler stands before it, with the connections of the server handed out for one transaction at a time
 */
export function testPostgresContract(
  name: string,
  programs: Toolchain<PostgresPrograms>,
  pooler?: Toolchain<PgBouncerPrograms>,
): void {
  if ('missing' in programs || (pooler !== undefined && 'missing' in pooler)) {
    const missing = [programs, pooler].flatMap((one) => (one !== undefined && 'missing' in one ? [one.missing] : []));
    test(name, { skip: missing.join('; ') });
    return;
  }
  let fixture: PostgresFixture;
  let front: PrivateServer | undefined;
  before(async () => {
    fixture = await PostgresFixture.start(programs.found);
    if (pooler !== undefined) front = await startPgBouncer(pooler.found, { port: fixture.server.port });
  });
  after(async () => {
    await front?.stop();
    await fixture.stop();
  });
  const settings = () => fixture.settings(front === undefined ? {} : { url: fixture.urlAt(front.port) });

  testStore(name, async () => {
    const stores: PostgresStore[] = [];
    const openNext = async (isNext = false) => {
      const store = new PostgresStore({ ...settings(), ...(isNext && { migrations: [...migrations, nothing] }) });
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
      beside: async ({ withoutRowLocks, isNext } = {}) => {
        if (withoutRowLocks === true) await fixture.claimWithoutLocks();
        return openNext(isNext);
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
