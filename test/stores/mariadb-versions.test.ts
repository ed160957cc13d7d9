import { mariaDbKind } from './lib/kinds.ts';
import { testVersions } from './lib/versions.ts';

testVersions(mariaDbKind(), 2, async ({ server }) =>
  (await server.sql('select gid from kept.holdfast_transactions where needs > 0')).map(([gid = '']) => gid),
);
