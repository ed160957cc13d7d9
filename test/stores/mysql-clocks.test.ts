import { testClocks } from './lib/clocks.ts';
import { mariaDbKind } from './lib/kinds.ts';

testClocks(mariaDbKind());
