import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MariaDbPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../../lib/servers/mariadb.ts';
import type { SqlDatabase } from './sql-database.ts';

const schema = join(import.meta.dirname, 'maria-db.sql');

/** A private MariaDB; `root` needs no password. */
export async function startBankOnMariaDb(programs: MariaDbPrograms): Promise<SqlDatabase> {
  const server = await startMariaDb(programs);
  await server.sql(readFileSync(schema, 'utf8'));
  return {
    port: server.port,
    sql: (statements) => server.sql(statements),
    preparedXa: async () => (await server.sql('xa recover')).map(([, , , data = '']) => data),
    stop: () => server.stop(),
  };
}
