import { testClocks } from './lib/clocks.ts';
import { postgresKind } from './lib/kinds.ts';

testClocks(postgresKind());
