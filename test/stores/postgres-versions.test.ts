import { postgresKind } from './lib/kinds.ts';
import { testVersions } from './lib/versions.ts';

testVersions(postgresKind(), 3, async ({ server }) => {
  const [[count] = []] = await server.sql('select count(*) from holdfast.transactions where needs > 0');
  return Number(count);
});
