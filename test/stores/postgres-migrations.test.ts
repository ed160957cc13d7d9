/** How versions of Holdfast follow each other on one schema of PostgreSQL. */
import { after, before, describe } from 'node:test';
import pg from 'pg';
import { migrations } from '../../packages/server/src/store/postgres/migrations.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { nextOfPostgres } from '../lib/next-migration.ts';
import { psqlArgs } from '../lib/servers/postgres.ts';
import { commandCase, type MigrationBed, migrationCases } from './lib/migration-cases.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

describe('migrations on PostgreSQL', { skip: 'missing' in programs && programs.missing }, () => {
  if ('missing' in programs) return;
  let fixture: PostgresFixture;
  before(async () => {
    fixture = await PostgresFixture.start(programs.found);
  });
  after(() => fixture.stop());

  const bed = (): MigrationBed => ({
    kind: 'postgres',
    url: fixture.url,
    migrations,
    storeOf: (schema, { user = 'root', ...program } = {}) => {
      const url = `postgres://${user}@127.0.0.1:${fixture.server.port}/postgres`;
      return new PostgresStore({ ...fixture.settings({ url, schema }), ...program });
    },
    table: (schema, table) => `${schema}.${table}`,
    sql: (statements) => fixture.server.sql(statements),
    clientCommand: () => ({ program: programs.found.client, args: psqlArgs(fixture.server.port, 'postgres', []) }),
    letIn: async (user, schema) => {
      await fixture.client.query(`
        do $$ begin create role ${user} login; exception when duplicate_object then null; end $$;
        grant usage on schema ${schema} to ${user};
        grant select, insert, update, delete on all tables in schema ${schema} to ${user};
        grant usage on all sequences in schema ${schema} to ${user}`);
    },
    holdOpen: async (statement) => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: fixture.server.port,
        user: 'root',
        database: 'postgres',
      });
      await client.connect();
      await client.query('begin');
      await client.query(statement);
      return async () => {
        await client.query('commit');
        await client.end();
      };
    },
    next: nextOfPostgres,
    leaveHalfAnIndex: async (schema) => {
      await fixture.client.query(`insert into ${schema}.failed values (1, '', 1), (2, '', 1)`);
      const half = `create unique index concurrently transactions_updated on ${schema}.failed (created_ms)`;
      await fixture.client.query(half).catch(() => undefined);
    },
    hasIndex: async (schema) => {
      const { rows } = await fixture.client.query(
        `select from pg_index where indexrelid = to_regclass('${schema}.transactions_updated') and indisvalid`,
      );
      return rows.length > 0;
    },
    sleep: (seconds) => `select pg_sleep(${seconds})`,
  });
  migrationCases(bed);
  commandCase(bed);
});
