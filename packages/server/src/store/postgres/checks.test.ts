import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkServer, faultOf } from './checks.ts';

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

const durable = { fsync: 'on', commit: 'on', standbys: '' };

test('what a server acknowledges is kept, also where a replica is waited for', () => {
  for (const commit of ['on', 'remote_write', 'remote_apply']) {
    for (const standbys of ['', '*']) assert.equal(faultOf({ ...durable, commit, standbys }, true), undefined);
  }
  assert.equal(faultOf({ ...durable, commit: 'local' }, false), undefined);
});

test('where what a server acknowledges may be lost, it says why, and what to do', () => {
  assert.match(
    faultOf({ ...durable, fsync: 'off' }, false) ?? '',
    /may lose what it has acknowledged: set fsync = on$/,
  );
  const off = faultOf({ ...durable, commit: 'off' }, false);
  assert.match(off ?? '', /loses acknowledged commits in a crash: set it to on/);
});

test('a commit that does not wait for the replica is refused where there is one', () => {
  const local = { ...durable, commit: 'local' };
  const several = faultOf(local, true);
  assert.match(several ?? '', /= local, .* \(store\.url names several hosts\): set it to on/);
  const standbys = faultOf({ ...local, standbys: 'ANY 1 (a, b)' }, false);
  assert.match(standbys ?? '', /\(synchronous_standby_names is set\): set it to on/);
});
