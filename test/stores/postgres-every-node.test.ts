import { testEveryNode } from './lib/every-node.ts';
import { postgresKind } from './lib/kinds.ts';

testEveryNode(postgresKind());
