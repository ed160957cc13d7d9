import { mariaDbKind } from './lib/kinds.ts';
import { testTakeover } from './lib/takeover.ts';

testTakeover(mariaDbKind(), 1);
