import { testBacklog } from './lib/backlog.ts';
import { mariaDbKind } from './lib/kinds.ts';

testBacklog(mariaDbKind(), 9000, 12_000, {
  HOLDFAST_ACTIVE_MAX_ACTIVE: '1000',
  HOLDFAST_ACTIVE_CLAIM_ROWS: '20',
});
