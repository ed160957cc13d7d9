import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** What an import statement takes from the core or the engine, where it takes more than types. */
const decisions = /^import (?!type )[^;]*from '(?:@holdfast\/core|holdfast\/[^']*)';$/gmu;

test('the auditor takes nothing from what it judges but types', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'));
  assert.ok(files.length > 10, 'it saw the files');
  const texts = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'));
  assert.ok(
    texts.some((text) => text.includes("from '@holdfast/core'")),
    'there are imports of types to be told apart',
  );
  assert.deepEqual(
    texts.flatMap((text) => text.match(decisions) ?? []),
    [],
  );
  assert.match("import { decide } from '@holdfast/core';", decisions);
});
