import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { startPostgres } from '../../lib/servers/postgres.ts';
import type { SqlDatabase } from './sql-database.ts';

const schema = join(import.meta.dirname, 'postgres.sql');

/** A private PostgreSQL with a database `bank`; its superuser is `root`, with any password. */
export async function startBankOnPostgres(programs: PostgresPrograms): Promise<SqlDatabase> {
  // Without room for prepared transactions there is no XA.
  const server = await startPostgres(programs, { settings: { max_prepared_transactions: 64 } });
  const sql = async (statements: string) =>
    (await server.ask('\\connect bank', statements)).map((line) => line.split('\t'));
  await server.sql('create database bank');
  await sql(readFileSync(schema, 'utf8'));
  return {
    port: server.port,
    sql,
    preparedXa: async () => (await sql('select gid from pg_prepared_xacts')).map(([gid = '']) => gid),
    stop: () => server.stop(),
  };
}
