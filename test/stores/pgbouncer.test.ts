/** The hard case of a pooler: it gives each transaction another connection, and knows no named statements. */
import { pgBouncer, postgres } from '../../scripts/lib/toolchains/databases.ts';
import { testPostgresContract } from './lib/postgres-contract.ts';

testPostgresContract('PostgreSQL behind PgBouncer', postgres(), pgBouncer());
