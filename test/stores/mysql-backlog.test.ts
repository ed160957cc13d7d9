import { testBacklog } from './lib/backlog.ts';
import { mariaDbKind } from './lib/kinds.ts';

testBacklog(mariaDbKind(), 3000, 5000, {
  HOLDFAST_ACTIVE_MAX_ACTIVE: '2000',
  HOLDFAST_ACTIVE_CLAIM_ROWS: '20',
});
