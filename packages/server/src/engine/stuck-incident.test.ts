import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incidentKind } from '@holdfast/core';
import { aProgress } from '../store/contract/fixtures.ts';
import { stuckIncident, withoutStuck } from './stuck-incident.ts';

test('the words of the server are in it, without what it may refuse again, and it goes on by itself', () => {
  const incident = stuckIncident('PostgreSQL 22021: invalid byte\0sequence\n');
  assert.equal(incident, 'failing: its progress cannot be stored: PostgreSQL 22021: invalid byte sequence ');
  assert.equal(incidentKind(incident), 'failing');
  assert.ok(stuckIncident('x'.repeat(10_000)).length < 600);
});

test('who drives the transaction after that does not take it for what happened to it', () => {
  const stored = aProgress('submitted', { incident: stuckIncident('no room') });
  assert.equal(withoutStuck(stored).incident, '');
  const failing = aProgress('submitted', { incident: 'failing: 3 errors at http://a' });
  assert.equal(withoutStuck(failing), failing);
});
