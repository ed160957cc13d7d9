import { testChaos } from './lib/chaos.ts';
import { mariaDbKind } from './lib/kinds.ts';

testChaos(mariaDbKind(), 10);
