import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { testPostgresContract } from './lib/postgres-contract.ts';

testPostgresContract('PostgreSQL', postgres());
