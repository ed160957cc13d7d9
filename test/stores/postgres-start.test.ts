/** What a start says of a PostgreSQL that it cannot use, and that it uses one on which it may create nothing. */
import assert from 'node:assert/strict';
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { certificates } from '../../packages/server/src/caller/testing/certificates.ts';
import { databaseTls } from '../../packages/server/src/database-tls.ts';
import { type PostgresSettings, PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { StoreError } from '../../packages/server/src/store/store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();
const secret = 'pa55 wo:rd';

describe('a start on PostgreSQL', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: PostgresFixture;
  before(async () => {
    if ('missing' in programs) return;
    fixture = await PostgresFixture.start(programs.found);
    // The first rule that fits counts.
    const rules = join(fixture.server.folder, 'data', 'pg_hba.conf');
    const others = await readFile(rules, 'utf8');
    await writeFile(rules, `host all guarded 127.0.0.1/32 scram-sha-256\n${others}`);
    await fixture.client.query(`
      create role guarded login password '${secret}';
      create role guest login;
      create role reader login superuser; alter role reader set default_transaction_read_only = on;
      create role hasty login superuser; alter role hasty set synchronous_commit = off;
      create role strict login superuser; alter role strict set default_transaction_isolation = 'serializable';`);
    await fixture.client.query('create database old_letters encoding SQL_ASCII template template0 locale "C"');
    await fixture.client.query('select pg_reload_conf()');
    await until('it asks for the password', async () => {
      return /password authentication failed/.test((await fixture.refusal({ user: 'guarded', password: 'x' })) ?? '');
    });
  });
  after(() => fixture.stop());

  const url = (user: string, database = 'postgres', password = '') =>
    `postgres://${user}${password === '' ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${fixture.server.port}/${database}`;

  async function refused(more: Partial<PostgresSettings>, code: string, message: RegExp): Promise<void> {
    const store = new PostgresStore(fixture.settings(more));
    await assert.rejects(store.open(), (error) => {
      assert.ok(error instanceof StoreError, String(error));
      assert.match(error.message, message);
      assert.equal(error.code, code);
      assert.ok(!error.message.includes('pa55'), 'no password is printed');
      return true;
    });
  }

  it('says where nobody answers', async () => {
    const port = await freePort();
    const nobody = `postgres://u:${encodeURIComponent(secret)}@127.0.0.1:${port}/d`;
    await refused({ url: nobody }, 'not-done', new RegExp(`^127.0.0.1:${port}: .*ECONNREFUSED`));
  });

  it('says that the password is wrong, and starts with the right one', async () => {
    await refused(
      { url: url('guarded', 'postgres', `${secret}x`) },
      'not-done',
      /the password is wrong .*: set the password/,
    );
    await fixture.client.query('create schema if not exists of_guarded authorization guarded');
    const settings = fixture.settings({ url: url('guarded', 'postgres', secret), schema: 'of_guarded' });
    const store = new PostgresStore(settings);
    await store.open();
    assert.equal(store.place(), `at 127.0.0.1:${fixture.server.port}/postgres, schema of_guarded`);
    await store.close();
  });

  it('says that there is no such database', async () => {
    await refused(
      { url: url('root', 'nowhere') },
      'not-done',
      /there is no such database .*: create it, or name another/,
    );
  });

  it('says that the user may create nothing', async () => {
    await refused({ url: url('guest'), schema: 'new_one' }, 'not-done', /has no right to do that .*: grant the user/);
  });

  it('says that the server only reads', async () => {
    await refused({ url: url('reader') }, 'not-done', /it only reads/);
  });

  it('refuses what loses acknowledged commits, or keeps no UTF-8, or is not read committed', async () => {
    await refused({ url: url('hasty') }, 'unsafe', /synchronous_commit = off.*alter role/s);
    await refused({ url: url('strict') }, 'unsafe', /serializable by default/);
    await refused({ url: url('root', 'old_letters') }, 'unsafe', /encoding SQL_ASCII: create one with ENCODING 'UTF8'/);
  });

  it('needs no right to create where the schema is there', async () => {
    const owner = new PostgresStore(fixture.settings({ schema: 'made' }));
    await owner.open();
    await owner.close();
    await fixture.client.query(`
      grant usage on schema made to guest;
      grant select, insert, update, delete on all tables in schema made to guest;
      grant usage on all sequences in schema made to guest`);
    const store = new PostgresStore(fixture.settings({ schema: 'made', url: url('guest') }));
    await store.open();
    await store.ping();
    await store.close();
  });

  it('goes over TLS where it is told to, with a certificate of its own where the server asks for one', async () => {
    const { ca, cert, key, caFile, certFile, keyFile } = certificates();
    const data = join(fixture.server.folder, 'data');
    const { uid, gid } = await stat(data);
    const own = { 'server.crt': cert, 'server.key': key, 'root.crt': ca };
    for (const [name, content] of Object.entries(own)) {
      await writeFile(join(data, name), content);
      await chmod(join(data, name), 0o600);
      await chown(join(data, name), uid, gid);
    }
    const rules = join(data, 'pg_hba.conf');
    const others = await readFile(rules, 'utf8');
    await writeFile(
      rules,
      `hostssl all localhost 127.0.0.1/32 cert\nhost all localhost 127.0.0.1/32 reject\n${others}`,
    );
    // A certificate shows that its holder is the user of its common name.
    await fixture.client.query('create role localhost login superuser');
    await fixture.client.query('alter system set ssl = on');
    await fixture.client.query("alter system set ssl_ca_file = 'root.crt'");
    await fixture.client.query('select pg_reload_conf()');
    await until('the server speaks TLS', async () => {
      return (await fixture.refusal({ ssl: { rejectUnauthorized: false } })) === undefined;
    });
    const verified = { mode: 'verify', caFile, certFile: '', keyFile: '', serverName: '' } as const;
    const store = new PostgresStore(fixture.settings({ tls: () => databaseTls(verified) }));
    await store.open();
    const { rows } = await fixture.client.query(
      "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'holdfast'",
    );
    assert.deepEqual([...new Set(rows.map(({ ssl }) => ssl))], [true]);
    await store.close();
    const unknownCa = () => databaseTls({ ...verified, caFile: '' });
    await refused({ tls: unknownCa }, 'not-done', /unable to verify the first certificate|self-signed certificate/);
    const noFile = () => databaseTls({ ...verified, caFile: '/nowhere/ca.pem' });
    await refused({ tls: noFile }, 'not-done', /a file of store.tls cannot be read: ENOENT.*nowhere/);
    const otherName = () => databaseTls({ ...verified, serverName: 'db.internal' });
    await refused({ tls: otherName }, 'not-done', /does not match certificate's altnames/);
    const byName = fixture.url.replace('127.0.0.1', 'localhost');
    await refused({ url: byName, tls: otherName }, 'not-done', /does not match certificate's altnames/);
    await refused({ url: url('localhost') }, 'not-done', /does not let this user in .*: see its pg_hba.conf/);
    const shown = { ...verified, certFile, keyFile };
    const certified = new PostgresStore(fixture.settings({ url: url('localhost'), tls: () => databaseTls(shown) }));
    await certified.open();
    await certified.close();
  });
});

it('refuses a server that does not sync', { skip: 'missing' in programs && programs.missing }, async () => {
  if ('missing' in programs) return;
  const fixture = await PostgresFixture.start(programs.found, { fsync: 'off' });
  try {
    await assert.rejects(new PostgresStore(fixture.settings()).open(), {
      code: 'unsafe',
      message: /fsync = off and may lose what it has acknowledged: set fsync = on/,
    });
  } finally {
    await fixture.stop();
  }
});
