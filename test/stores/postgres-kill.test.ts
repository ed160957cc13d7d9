import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { testCoordinatorKills } from './lib/coordinator-kills.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

testCoordinatorKills('PostgreSQL', postgres(), (programs) => PostgresFixture.start(programs), 4);
