import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedFormat } from './format.ts';
import { migrations as ofMySql } from './mysql/migrations.ts';
import { migrations as ofPostgres } from './postgres/migrations.ts';

test('every store on a server has a migration for each format', () => {
  assert.equal(ofPostgres.length, storedFormat);
  assert.equal(ofMySql.length, storedFormat);
});
