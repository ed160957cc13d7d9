import { postgresKind } from './lib/kinds.ts';
import { testTakeover } from './lib/takeover.ts';

testTakeover(postgresKind(), 1);
