import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, testFiles } from '../lib/part.ts';
import { fileOf, fuzzers } from './fuzzers.ts';

test('each fuzz test is run for long, and covers code that there is', () => {
  assert.deepEqual(fuzzers.map(fileOf).toSorted(), testFiles(['test/fuzz/*.test.ts']));
  for (const { name, covers } of fuzzers) {
    for (const path of covers) assert.ok(existsSync(join(root, path)), `${name} covers ${path}`);
  }
});
