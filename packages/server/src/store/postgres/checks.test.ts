import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkServer } from './checks.ts';

/** What a server says of itself, in the order that it is asked for. */
interface Told {
  readonly number?: number;
  readonly version?: string;
  readonly encoding?: string;
  readonly isolation?: string;
}

const check = (told: Told) =>
  checkServer({
    query: async () => {
      const { number = 150_000, version = '15.0', encoding = 'UTF8' } = told;
      return [[number, version, encoding, told.isolation ?? 'read committed']];
    },
  });

const cases: readonly (readonly [what: string, told: Told, code: string, message: RegExp])[] = [
  [
    'too old',
    { number: 120_022, version: '12.22' },
    'version',
    /^PostgreSQL 12\.22 is too old: Holdfast needs 13 or later$/,
  ],
  ['no UTF-8', { encoding: 'SQL_ASCII' }, 'unsafe', /has the encoding SQL_ASCII: create one with ENCODING 'UTF8'$/],
  [
    'another isolation',
    { isolation: 'serializable' },
    'unsafe',
    /are serializable by default: set default_transaction_isolation/,
  ],
];

for (const [what, told, code, message] of cases) {
  test(`a server with ${what} is refused, and the message says what to do`, () =>
    assert.rejects(check(told), { code, message }));
}

test('a server as it should be is taken', async () => {
  await check({});
  await check({ number: 130_000, version: '13.0' });
});
