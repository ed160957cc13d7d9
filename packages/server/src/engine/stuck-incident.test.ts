import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incidentKind } from '@holdfast/core';
import { stuckIncident } from './stuck-incident.ts';

test('the words of the server are in it, without what it may refuse again, and it goes on by itself', () => {
  const incident = stuckIncident('PostgreSQL 22021: invalid byte\0sequence\n');
  assert.equal(incident, 'failing: its progress cannot be stored: PostgreSQL 22021: invalid byte sequence ');
  assert.equal(incidentKind(incident), 'failing');
  assert.ok(stuckIncident('x'.repeat(10_000)).length < 600);
});
