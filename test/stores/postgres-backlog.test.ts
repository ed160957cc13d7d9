import { testBacklog } from './lib/backlog.ts';
import { postgresKind } from './lib/kinds.ts';

testBacklog(postgresKind());
