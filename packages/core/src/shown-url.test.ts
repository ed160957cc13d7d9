import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shownUrl, withoutUserinfo } from './shown-url.ts';
import { urlTrouble } from './target.ts';

test('neither user nor password is shown, and of a query that there is one', () => {
  for (const [url, definition, text] of [
    ['http://h:1/a/b', 'http://h:1/a/b', 'http://h:1/a/b'],
    ['https://u:p@h/a?token=s', 'https://h/a?token=s', 'https://h/a?...'],
    ['http://u@h', 'http://h', 'http://h'],
    ['http://u:p@ss@h/a', 'http://h/a', 'http://h/a'],
    ['HTTP://u:p@[::1]:8/a@b?x=@', 'HTTP://[::1]:8/a@b?x=@', 'HTTP://[::1]:8/a@b?...'],
    ['http://h?u:p@x', 'http://h?u:p@x', 'http://h?...'],
    ['http://h/a?', 'http://h/a?', 'http://h/a?'],
    ['http://h/a#b?c', 'http://h/a#b?c', 'http://h/a'],
    ['svc://u:p@orders/a?b', 'svc://orders/a?b', 'svc://orders/a?...'],
    ['host:1/p.S/M', 'host:1/p.S/M', 'host:1/p.S/M'],
    ['u:p@host:1/p.S/M', 'host:1/p.S/M', 'host:1/p.S/M'],
    ['//u:p@h/a', '//h/a', '//h/a'],
    ['topic://orders', 'topic://orders', 'topic://orders'],
    ['', '', ''],
  ] as const) {
    assert.deepEqual([withoutUserinfo(url), shownUrl(url)], [definition, text], url);
  }
});

test('whatever can be called, no text has its user, password or query', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9!$&'()*+,;=%:@.~_-]{1,12}$/).map((text) => `~${text}~`);
  const url = fc.record({ scheme: fc.constantFrom('http', 'https'), user: part, query: part, path: fc.boolean() });
  fc.assert(
    fc.property(url, ({ scheme, user, query, path }) => {
      const whole = `${scheme}://${user}@h.test:8080${path ? '/a' : ''}?${query}`;
      fc.pre(urlTrouble(whole, 'http') === undefined);
      assert.equal(shownUrl(whole), `${scheme}://h.test:8080${path ? '/a' : ''}?...`);
      assert.equal(URL.parse(withoutUserinfo(whole))?.username, '');
    }),
  );
});
