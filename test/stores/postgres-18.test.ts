import { embeddedPostgres } from '../../scripts/lib/toolchains/embedded-postgres.ts';
import { testPostgresContract } from './lib/postgres-contract.ts';

testPostgresContract('PostgreSQL 18', embeddedPostgres('18'));
