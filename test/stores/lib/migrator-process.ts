/** A migrator of its own process, to be killed. */
import { MySqlStore } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import { PostgresStore } from '../../../packages/server/src/store/postgres/postgres-store.ts';

const { kind, url, name, migrations } = JSON.parse(process.argv[2] ?? '');
const limits = { connections: 2, connectMs: 5000, commitMs: 10_000, readMs: 30_000 };
const settings = { url, ...limits, tls: () => undefined, version: '9.9.9', migrations };
const store =
  kind === 'postgres'
    ? new PostgresStore({ ...settings, schema: name })
    : new MySqlStore({ ...settings, prefix: `${name}_` });
console.log('migrates');
await store.migrate({ isFinish: false });
