import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeMsOf } from './time.ts';

const noon = Date.UTC(2026, 0, 31, 12);

test('a time is read with its offset, whatever the zone of this machine', () => {
  for (const [text, ms] of [
    ['2026-01-31T12:00:00Z', noon],
    ['2026-01-31t12:00:00z', noon],
    ['2026-01-31T12:00:00.5Z', noon + 500],
    ['2026-01-31T12:00:00.123456789Z', noon + 123],
    ['2026-01-31T13:00:00+01:00', noon],
    ['2026-01-31T13:00:00 01:00', noon],
    ['2026-01-31T02:30:00-09:30', noon],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z')],
  ] as const)
    assert.equal(timeMsOf(text), ms, text);
});

test('without an offset, or of a day that does not exist, it is no time', () => {
  for (const text of [
    '2026-01-31T12:00:00',
    '2026-01-31',
    '2026-01-31T12:00Z',
    '2026-01-31 12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2025-02-29T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-00-01T12:00:00Z',
    '2026-01-00T12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '2026-01-31T12:00:60Z',
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00+01:60',
    '2026-01-31T12:00:00+0100',
    '2026-01-31T12:00:00.Z',
    '+02026-01-31T12:00:00Z',
    'yesterday',
    '',
  ])
    assert.equal(timeMsOf(text), undefined, text);
});
