import { after, before, test } from 'node:test';
import { testStore } from '../../../packages/server/src/store/contract.ts';
import { migrations } from '../../../packages/server/src/store/mysql/migrations.ts';
import { MySqlStore } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';
import type { PrivateServer, ServerOptions } from '../../lib/servers/private-server.ts';
import { MySqlFixture, mySqlSettings } from './mysql-fixture.ts';

/** All that the next version of Holdfast changes in the tables. */
const nothing = { adds: [], removes: [] };

/** The contract of stores on a real server of that kind. */
export function testMySqlStore<T>(
  name: string,
  programs: Toolchain<T>,
  start: (programs: T, options: ServerOptions) => Promise<PrivateServer>,
): void {
  if ('missing' in programs) {
    test(name, { skip: programs.missing });
    return;
  }
  let fixture: MySqlFixture;
  before(async () => {
    fixture = await MySqlFixture.on(await start(programs.found, { settings: mySqlSettings }));
  });
  after(() => fixture.stop());

  testStore(name, async () => {
    const stores: MySqlStore[] = [];
    const openNext = async (isNext = false) => {
      const more = isNext ? { migrations: [...migrations, nothing] } : {};
      const store = new MySqlStore({ ...fixture.settings(), ...more });
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
