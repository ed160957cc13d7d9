import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settings } from '../packages/server/src/config/schema.ts';
import { configurationReference, withDtmReference } from './config-docs.ts';

test('docs/configuration.md is what the schema says', () => {
  const committed = readFileSync(join(import.meta.dirname, '..', 'docs', 'configuration.md'), 'utf8');
  assert.ok(committed === configurationReference(), 'docs/configuration.md is not current: run `npm run docs`');
});

test('the table of docs/from-dtm.md is what the translation does', () => {
  const committed = readFileSync(join(import.meta.dirname, '..', 'docs', 'from-dtm.md'), 'utf8');
  assert.ok(committed === withDtmReference(committed), 'docs/from-dtm.md is not current: run `npm run docs`');
});

test('the reference names every setting and variable', () => {
  const reference = configurationReference();
  for (const { path, variable } of settings) {
    assert.ok(reference.includes(`### ${path}\n`), path);
    assert.ok(reference.includes(`\`${variable}\``), variable);
  }
});
