import { postgresKind } from './lib/kinds.ts';
import { testVersions } from './lib/versions.ts';

testVersions(postgresKind(), 3, async ({ server }) =>
  (await server.sql('select gid from holdfast.transactions where needs > 0')).map(([gid = '']) => gid),
);
