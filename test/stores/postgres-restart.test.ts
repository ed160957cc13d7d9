import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';
import { testServerKills } from './lib/server-kills.ts';

testServerKills('PostgreSQL', postgres(), (programs) => PostgresFixture.start(programs));
