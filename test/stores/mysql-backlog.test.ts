import { testBacklog } from './lib/backlog.ts';
import { mariaDbKind } from './lib/kinds.ts';

testBacklog(mariaDbKind());
