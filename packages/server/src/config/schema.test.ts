import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { schema, settings } from './schema.ts';
import { isServiceLink } from './service-links.ts';
import { allowedBy, isAllowed } from './setting.ts';

test('names in the environment and of flags follow from the path by one rule', () => {
  const names = (path: string) => settings.find((named) => named.path === path);
  assert.equal(names('dataDir')?.variable, 'HOLDFAST_DATA_DIR');
  assert.equal(names('dataDir')?.flag, '--data-dir');
  assert.equal(names('http.port')?.variable, 'HOLDFAST_HTTP_PORT');
  assert.equal(names('journal.softBytes')?.variable, 'HOLDFAST_JOURNAL_SOFT_BYTES');
});

test('no two settings share a variable or a flag, and none looks like a Kubernetes service link', () => {
  assert.equal(new Set(settings.map(({ variable }) => variable)).size, settings.length);
  assert.equal(new Set(settings.map(({ flag }) => flag)).size, settings.length);
  for (const { variable } of settings) assert.equal(isServiceLink(variable, 'x', {}), false, variable);
});

test('every default is allowed by its own setting, and every setting is described in a sentence', () => {
  assert.ok(settings.length > 20);
  for (const { path, setting } of settings) {
    assert.ok(isAllowed(setting, setting.default), path);
    assert.match(setting.description, /^[A-Z].*\.$/s, path);
    assert.ok(allowedBy(setting, path) !== '', path);
  }
});

test('sections are described, too', () => {
  for (const [name, node] of Object.entries(schema)) {
    if (node.kind === 'section') assert.match(node.description, /^[A-Z].*\.$/s, name);
  }
});

test('every section has a file of its name, and every file there is a section', async () => {
  const sections = Object.entries(schema).filter(([, node]) => node.kind === 'section');
  const files = ['general.ts', ...sections.map(([name]) => `${name}.ts`)];
  assert.deepEqual(readdirSync(join(import.meta.dirname, 'sections')).sort(), files.sort());
  for (const [name, node] of sections) {
    const file: Record<string, unknown> = await import(`./sections/${name}.ts`);
    assert.equal(file[name], node, name);
  }
});
