/** The servers that the tests start: that they serve, survive what tests do to them, and leave nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { mariaDb, pgBouncer, postgres } from '../../scripts/lib/toolchains/databases.ts';
import { embeddedPostgres } from '../../scripts/lib/toolchains/embedded-postgres.ts';
import type { Toolchain } from '../../scripts/lib/toolchains/install.ts';
import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import { startPgBouncer } from '../lib/servers/pgbouncer.ts';
import { startPostgres } from '../lib/servers/postgres.ts';
import type { PrivateServer, ServerOptions } from '../lib/servers/private-server.ts';
import { until } from '../lib/until.ts';

interface Case {
  readonly name: string;
  readonly start: Toolchain<(options: ServerOptions) => Promise<PrivateServer>>;
  readonly version: readonly [question: string, answer: RegExp];
  /** A setting of its own, and how it is asked for. */
  readonly setting: readonly [name: string, value: number, question: string];
  readonly isSynced: readonly [question: string, whenNot: string];
}

const postgresQuestions = {
  setting: ['max_connections', 37, 'show max_connections'],
  isSynced: ['show fsync', 'off'],
} as const;

const mySqlQuestions = {
  setting: ['max-connections', 37, 'select @@max_connections'],
  isSynced: ['select @@innodb_flush_method', 'nosync'],
} as const;

const cases: readonly Case[] = [
  {
    name: 'PostgreSQL 15',
    start: starting(postgres(), startPostgres),
    version: ['show server_version', /^\d+\.\d+/],
    ...postgresQuestions,
  },
  {
    name: 'PostgreSQL 13',
    start: starting(embeddedPostgres('13'), startPostgres),
    version: ['show server_version', /^13\./],
    ...postgresQuestions,
  },
  {
    name: 'PostgreSQL 18',
    start: starting(embeddedPostgres('18'), startPostgres),
    version: ['show server_version', /^18\./],
    ...postgresQuestions,
  },
  {
    name: 'MariaDB',
    start: starting(mariaDb(), startMariaDb),
    version: ['select version()', /^1\d\..*MariaDB/],
    ...mySqlQuestions,
  },
  {
    name: 'MySQL 8.0',
    start: starting(mySql(), startMySql),
    version: ['select version()', /^8\.0\./],
    ...mySqlQuestions,
  },
];

function starting<T>(
  toolchain: Toolchain<T>,
  start: (programs: T, options: ServerOptions) => Promise<PrivateServer>,
): Case['start'] {
  return 'found' in toolchain ? { found: (options) => start(toolchain.found, options) } : toolchain;
}

/** Two at a time: each of them is another program. */
describe('private servers', { concurrency: 2 }, () => {
  for (const { name, start, version, setting, isSynced } of cases) {
    const title = `${name} serves, and has its data after a kill and after a restart`;
    if ('missing' in start) {
      it(title, { skip: start.missing });
      continue;
    }
    it(title, async () => {
      const [settingName, value, settingQuestion] = setting;
      const server = await start.found({ settings: { [settingName]: value } });
      try {
        assert.match((await answer(server, version[0])) ?? '', version[1]);
        assert.equal(await answer(server, settingQuestion), String(value));
        assert.equal(await answer(server, isSynced[0]), isSynced[1]);
        // MySQL has no schema of its own that any table may stand in.
        await server.sql('create schema kept');
        await server.sql('create table kept.numbers (n integer); insert into kept.numbers values (7)');
        await server.kill();
        assert.equal(await answers(server.port), false, 'killed, it does not listen');
        await server.restart();
        await server.sql('update kept.numbers set n = n + 1');
        await server.restart();
        assert.equal(await answer(server, 'select n from kept.numbers'), '8');
      } finally {
        await server.stop();
      }
      assert.equal(existsSync(server.folder), false);
      assert.equal(await answers(server.port), false);
    });
  }

  const [behind, pooler] = [postgres(), pgBouncer()];
  const missing = [behind, pooler].flatMap((one) => ('missing' in one ? [one.missing] : []));
  it('PgBouncer stands before a PostgreSQL', { skip: missing.length > 0 && missing.join('; ') }, async () => {
    assert.ok('found' in behind && 'found' in pooler);
    const database = await startPostgres(behind.found);
    const server = await startPgBouncer(pooler.found, { port: database.port, settings: { default_pool_size: 3 } });
    try {
      const through = () => server.ask('\\connect postgres', 'select 6 * 7');
      assert.deepEqual(await through(), ['42']);
      const [pool] = (await server.sql('show config')).filter(([name]) => name === 'default_pool_size');
      assert.equal(pool?.[1], '3');
      const [mode] = (await server.sql('show config')).filter(([name]) => name === 'pool_mode');
      assert.equal(mode?.[1], 'transaction');
      await server.kill();
      await assert.rejects(through());
      await server.restart();
      assert.deepEqual(await through(), ['42']);
    } finally {
      await Promise.all([server.stop(), database.stop()]);
    }
  });

  const found = postgres();
  it('a server that is paused answers nobody, and goes on', { skip: 'missing' in found && found.missing }, async () => {
    assert.ok('found' in found);
    const server = await startPostgres(found.found);
    try {
      const asked = server.sql('select pg_sleep(3600)');
      const processes = async (sleeping: string) =>
        (await server.sql(`select pid from pg_stat_activity where pid <> pg_backend_pid() and ${sleeping}`)).flat();
      await until('a connection is served', async () => (await processes("wait_event = 'PgSleep'")).length === 1);
      const pids = await processes('true');
      const areStopped = () => pids.map((pid) => /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] === 'T');
      server.pause();
      await until('all its processes stand still', () => areStopped().every(Boolean));
      const later = server.sql('select 5');
      server.resume();
      assert.deepEqual(await later, [['5']]);
      assert.ok(!areStopped().includes(true));
      await Promise.all([server.kill(), assert.rejects(asked)]);
    } finally {
      await server.stop();
    }
  });

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const name = `server and coordinator are gone when ${signal} ends their tests`;
    it(name, { skip: 'missing' in found && found.missing }, async () => {
      const script = `
        const { postgres } = await import('./scripts/lib/toolchains/databases.ts');
        const { startPostgres } = await import('./test/lib/servers/postgres.ts');
        const { startCoordinator } = await import('./test/lib/coordinator.ts');
        const [server, coordinator] = await Promise.all([startPostgres(postgres().found), startCoordinator()]);
        const ports = [server.port, Number(new URL(coordinator.url).port)];
        console.log(JSON.stringify({ ports, folders: [server.folder, coordinator.folder] }));`;
      const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const { ports, folders }: { ports: number[]; folders: string[] } = JSON.parse(line.toString());
      assert.deepEqual(await Promise.all(ports.map(answers)), [true, true]);
      child.kill(signal);
      await until('nobody listens', async () => !(await Promise.all(ports.map(answers))).includes(true));
      for (const folder of folders) await rm(folder, { recursive: true });
    });
  }
});

async function answer(server: PrivateServer, question: string): Promise<string | undefined> {
  return (await server.sql(question))[0]?.[0];
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
