import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkServer } from './checks.ts';

/** What a server says of itself, in the order that it is asked for. */
interface Told {
  readonly version?: string;
  readonly packet?: number;
  readonly autocommit?: number;
  readonly log?: number;
  readonly format?: string;
}

const megabyte = 1024 * 1024;

const check = (told: Told) =>
  checkServer({
    query: async () => {
      const { version = '8.0.15', packet = 64 * megabyte, autocommit = 1, log = 1, format = 'ROW' } = told;
      return [[version, packet, autocommit, log, format]];
    },
  });

const cases: readonly (readonly [what: string, told: Told, code: string, message: RegExp])[] = [
  [
    'MySQL 5.7',
    { version: '5.7.44-log' },
    'version',
    /^MySQL 5\.7\.44-log is too old: Holdfast needs 8\.0\.4 or later$/,
  ],
  ['MySQL 8.0.3', { version: '8.0.3' }, 'version', /too old/],
  [
    'MariaDB 10.5',
    { version: '10.5.29-MariaDB' },
    'version',
    /^MariaDB .* is too old: Holdfast needs 10\.6\.0 or later$/,
  ],
  ['MariaDB 10.5 by its old name', { version: '5.5.5-10.5.29-MariaDB' }, 'version', /too old/],
  [
    'small packets',
    { packet: 16 * megabyte },
    'unsafe',
    /packets of 16777216 bytes .*: set its max_allowed_packet to 64M$/,
  ],
  ['no autocommit', { autocommit: 0 }, 'unsafe', /autocommit = 0, which leaves transactions open: set it to 1$/],
  ['a log of statements', { format: 'STATEMENT' }, 'unsafe', /by statement, .*: set its binlog_format to ROW$/],
];

for (const [what, told, code, message] of cases) {
  test(`a server with ${what} is refused, and the message says what to do`, () =>
    assert.rejects(check(told), { code, message }));
}

test('a server as it should be is taken', async () => {
  for (const version of ['8.0.4', '8.4.3', '9.1.0', '10.6.0-MariaDB', '5.5.5-10.11.19-MariaDB', '11.8.2-MariaDB-log'])
    await check({ version });
  await check({ log: 0, format: 'STATEMENT' });
});
