import { mariaDbKind } from './lib/kinds.ts';
import { testVersions } from './lib/versions.ts';

testVersions(mariaDbKind(), 2, async ({ server }) => {
  const [[count] = []] = await server.sql('select count(*) from kept.holdfast_transactions where needs > 0');
  return Number(count);
});
