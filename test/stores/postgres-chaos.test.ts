import { testChaos } from './lib/chaos.ts';
import { postgresKind } from './lib/kinds.ts';

testChaos(postgresKind(), 10);
