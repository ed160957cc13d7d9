/** The password of the database stands in nothing that the coordinator says, whatever goes wrong. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { mariaDb, postgres } from '../../scripts/lib/toolchains/databases.ts';
import type { Toolchain } from '../../scripts/lib/toolchains/install.ts';
import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { until } from '../lib/until.ts';
import type { DatabaseFixture } from './lib/database-fixture.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const password = 'planted p:a/s@s%w?o#rd';
const never = /planted/;

/** A database that asks the user `app` for the password. */
async function guardedPostgres(): Promise<DatabaseFixture> {
  const programs = postgres();
  if ('missing' in programs) throw new Error(programs.missing);
  const fixture = await PostgresFixture.start(programs.found);
  const rules = join(fixture.server.folder, 'data', 'pg_hba.conf');
  // The first rule that fits counts.
  await writeFile(rules, `host all app 127.0.0.1/32 scram-sha-256\n${await readFile(rules, 'utf8')}`);
  await fixture.client.query(`create role app superuser login password '${password}'; select pg_reload_conf()`);
  await until('it asks for the password', async () => {
    return /password authentication failed/.test((await fixture.refusal({ user: 'app', password: 'x' })) ?? '');
  });
  return fixture;
}

async function guardedMariaDb(): Promise<DatabaseFixture> {
  const programs = mariaDb();
  if ('missing' in programs) throw new Error(programs.missing);
  return guarded(await startMariaDb(programs.found, { settings: mySqlSettings }));
}

async function guardedMySql(): Promise<DatabaseFixture> {
  const programs = mySql();
  if ('missing' in programs) throw new Error(programs.missing);
  return guarded(await startMySql(programs.found, { settings: mySqlSettings }));
}

async function guarded(server: PrivateServer): Promise<DatabaseFixture> {
  const fixture = await MySqlFixture.on(server);
  await fixture.client.query(
    `create user app@localhost identified by '${password}'; grant all on *.* to app@localhost`,
  );
  return fixture;
}

testSecrets('PostgreSQL', postgres(), guardedPostgres);
testSecrets('MariaDB', mariaDb(), guardedMariaDb);
if (process.env['HOLDFAST_LONG'] === '1') testSecrets('MySQL 8.0', mySql(), guardedMySql);

function testSecrets(name: string, programs: Toolchain<unknown>, start: () => Promise<DatabaseFixture>): void {
  it(`the password of ${name} is never printed`, { skip: 'missing' in programs && programs.missing }, async () => {
    const fixture = await start();
    await fixture.leave();
    const urlWith = (text: string) => fixture.url.replace('//root@', `//app:${encodeURIComponent(text)}@`);
    const settings = { HOLDFAST_STORE_URL: urlWith(password), HOLDFAST_LOG_LEVEL: 'debug' };
    try {
      const wrong = { ...settings, HOLDFAST_STORE_URL: urlWith(`${password}!`) };
      await assert.rejects(startCoordinator({ settings: wrong }), ({ message }: Error) => {
        assert.match(message, /password is wrong .*(in|of that user in) store\.url/);
        assert.doesNotMatch(message, never);
        return true;
      });
      const unreadable = { ...settings, HOLDFAST_STORE_URL: `${urlWith(password).replace('%25', '%')}` };
      await assert.rejects(startCoordinator({ settings: unreadable }), ({ message }: Error) => {
        assert.match(message, /its password has a percent sign that begins no code/);
        assert.doesNotMatch(message, never);
        return true;
      });
      const coordinator = await startCoordinator({ settings });
      const http = new HttpCaller(coordinator.url);
      const said: string[] = [];
      const hears = async () => {
        for (const path of ['/readyz', '/api/metrics', '/api/v1/nodes', '/api/v1/transactions', '/openapi.json'])
          said.push((await http.get(path)).text);
        const saga = { gid: `g${said.length}`, trans_type: 'saga', steps: [{ action: 'http://h/' }], payloads: [''] };
        said.push((await http.post('/api/dtmsvr/submit', saga)).text);
      };
      try {
        const { stdout, stderr } = await coordinator.commandWith(settings, 'config');
        assert.match(stdout, /url/);
        said.push(stdout, stderr);
        await hears();
        await fixture.server.kill();
        await until('it says that it is not ready', async () => (await http.get('/readyz')).status === 503);
        await hears();
        await fixture.server.restart();
        await until('it is ready again', async () => (await http.get('/readyz')).status === 200, 60_000);
        await hears();
      } finally {
        http.close();
        await coordinator.kill('SIGTERM');
        said.push(coordinator.logs);
        await coordinator.stop();
      }
      for (const text of said) assert.doesNotMatch(text, never);
    } finally {
      await fixture.server.stop();
    }
  });
}
