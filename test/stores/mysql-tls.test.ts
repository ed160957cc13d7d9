/** TLS to a MySQL: it makes itself an authority and a certificate when it is installed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { describeWith } from '../interop/lib/with-toolchains.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

describeWith(
  'mysql over TLS',
  { programs: mySql() },
  ({ programs }) => {
    let fixture: MySqlFixture;
    let ca: Buffer;
    let servername: string;
    before(async () => {
      fixture = await MySqlFixture.on(await startMySql(programs, { settings: mySqlSettings }));
      ca = readFileSync(join(fixture.server.folder, 'data', 'ca.pem'));
      const [[version = ''] = []] = await fixture.server.sql('select version()');
      servername = `MySQL_Server_${version}_Auto_Generated_Server_Certificate`;
      await fixture.server.sql(
        "create user secured@localhost identified by 'right' require ssl; grant all on kept.* to secured@localhost",
      );
    });
    after(() => fixture.stop());

    const opening = async (tls: ConnectionOptions | undefined) => {
      const url = fixture.urlAt(fixture.server.port, 'secured:right');
      const store = new MySqlStore(fixture.settings({ url, tls: () => tls }));
      try {
        await store.open();
        await store.ping();
      } finally {
        await store.close();
      }
    };

    it('a server whose certificate has the name and the authority that are asked for', async () => {
      await opening({ ca, servername });
    });

    it('another name, another authority, or none', async () => {
      await assert.rejects(opening({ ca, servername: 'db.internal' }), /db\.internal/);
      await assert.rejects(opening({ ca }), /altnames|Host: localhost/);
      await assert.rejects(opening({ servername }), /self.signed certificate/);
    });

    it('without TLS, where the user may come over TLS only', async () => {
      await assert.rejects(opening(undefined), /MySQL 1045/);
    });
  },
  1,
);
