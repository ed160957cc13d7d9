import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../store.ts';
import { nameOf, parseAddress } from './address.ts';

const form = { schemes: ['postgres', 'postgresql'], defaultPort: 5432 };
const parse = (text: string) => parseAddress(text, form);

test('an address names who asks, one host or several, and the database', () => {
  assert.deepEqual(parse('postgres://holdfast:a%3Ab%40@db-1:6432,db-2/orders'), {
    user: 'holdfast',
    password: 'a:b@',
    hosts: [
      { host: 'db-1', port: 6432 },
      { host: 'db-2', port: 5432 },
    ],
    database: 'orders',
  });
  assert.deepEqual(parse('postgresql://[::1]:1,10.0.0.7/d%20b'), {
    user: '',
    password: '',
    hosts: [
      { host: '::1', port: 1 },
      { host: '10.0.0.7', port: 5432 },
    ],
    database: 'd b',
  });
  assert.deepEqual(parse('postgres://u:p@h/d').hosts.map(nameOf), ['h:5432']);
  assert.equal(nameOf({ host: '::1', port: 1 }), '[::1]:1');
});

const wrong: readonly (readonly [text: string, what: RegExp])[] = [
  ['', /must begin with postgres:\/\/ or postgresql:\/\//],
  ['mysql://u:secret@h/d', /must begin with postgres:\/\//],
  ['postgres://u:secret@h', /name of the database/],
  ['postgres://u:secret@h/', /name of the database/],
  ['postgres://u:secret@h/d?sslmode=require', /a setting of its own/],
  ['postgres://u:secret@/d', /each host must be a name/],
  ['postgres://u:secret@h,/d', /each host must be a name/],
  ['postgres://u:secret@h:0/d', /from 1 to 65535/],
  ['postgres://u:secret@h:65536/d', /from 1 to 65535/],
  ['postgres://u:secret@::1/d', /IPv6 in brackets/],
  ['postgres://u:secret%zz@h/d', /its password has a percent sign/],
];

for (const [text, what] of wrong) {
  test(`not an address, and not repeated: ${text.replace('secret', '...')}`, () => {
    assert.throws(
      () => parse(text),
      (error) => {
        assert.ok(error instanceof StoreError);
        assert.match(error.message, what);
        assert.ok(!error.message.includes('secret'));
        return true;
      },
    );
  });
}

test('any text is an address or is refused, in words that do not hold it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((rest) => `postgres://${rest}`),
      ),
      (text) => {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof StoreError, String(error));
        }
      },
    ),
  );
});
