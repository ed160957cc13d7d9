/** A MariaDB and its replica: stores follow to the promoted one, and never go back. */
import { it } from 'node:test';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { MariaDbPair } from '../lib/servers/mariadb-pair.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { FailoverWriter, writerLimits } from './lib/failover-writer.ts';
import { mySqlSettings } from './lib/mysql-fixture.ts';
import { leaveOldPrimaryAlone } from './lib/old-primary.ts';

const programs = mariaDb();
const options = { skip: 'missing' in programs && programs.missing, timeout: 300_000 };

const gidsOn = async (server: PrivateServer) =>
  (await server.sql('select gid from kept.holdfast_transactions')).map(([gid]) => gid);

it(
  'a MariaDB dies, its replica is promoted, and the old primary comes back and takes writes: nobody writes there',
  options,
  async () => {
    if ('missing' in programs) return;
    const pair = await MariaDbPair.start(programs.found, mySqlSettings);
    const writers: FailoverWriter[] = [];
    const start = (name: string) => {
      const settings = { url: pair.url, prefix: 'holdfast_', version: '0.0.1', ...writerLimits, tls: () => undefined };
      const writer = new FailoverWriter(name, new MySqlStore(settings));
      writers.push(writer);
      return writer.open();
    };
    try {
      await leaveOldPrimaryAlone(pair, start, gidsOn);
    } finally {
      for (const writer of writers) await writer.close();
      await pair.stop();
    }
  },
);
