import { testEveryNode } from './lib/every-node.ts';
import { mariaDbKind } from './lib/kinds.ts';

testEveryNode(mariaDbKind());
