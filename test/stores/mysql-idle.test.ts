import { testIdleNodes } from './lib/idle.ts';
import { mariaDbKind } from './lib/kinds.ts';

testIdleNodes(mariaDbKind());
