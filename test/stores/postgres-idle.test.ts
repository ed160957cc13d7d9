import { testIdleNodes } from './lib/idle.ts';
import { postgresKind } from './lib/kinds.ts';

testIdleNodes(postgresKind());
