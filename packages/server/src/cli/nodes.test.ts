import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeLines } from './nodes.ts';

const at = '2026-01-01T00:00:10.000Z';
const node = { id: 'i1', name: 'host:1', version: '1.2.3', isThis: false, isDraining: false, isDead: false };

test('each coordinator with its name, its id, its version and how it is', () => {
  const times = { startedAt: at, heardAt: at };
  assert.deepEqual(
    nodeLines([
      { ...node, ...times, isThis: true },
      { ...node, ...times, id: 'i2', isDraining: true },
      { ...node, ...times, id: 'i3', name: 'a\u001b[2Jb', isDead: true },
    ]),
    [
      `host:1  i1  1.2.3  since ${at}  serves  (this one was asked)`,
      `host:1  i2  1.2.3  since ${at}  drains`,
      `a [2Jb  i3  1.2.3  since ${at}  dead, last heard of at ${at}`,
    ],
  );
});

test('what is wrong with the store they share comes first', () => {
  assert.deepEqual(nodeLines([], 'the database is split'), ['incident: the database is split']);
});
