import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Readiness } from './readiness.ts';

function readiness() {
  const warnings: string[] = [];
  return { warnings, readiness: new Readiness((message, reason) => warnings.push(`${message}: ${reason}`)) };
}

test('a store that cannot write is warned of when that begins, and not again before it could', () => {
  const { warnings, readiness: it } = readiness();
  it.paused('full');
  it.paused('still full');
  assert.deepEqual([warnings, it.isPaused, it.reason('valid')], [['the store cannot write: full'], true, 'still full']);
  it.paused(undefined);
  assert.deepEqual([warnings.length, it.isPaused, it.reason('valid')], [1, false, undefined]);
  it.paused('full again');
  assert.equal(warnings.length, 2);
});

test('files that may have been moved are warned of once, and told before all else', () => {
  const { warnings, readiness: it } = readiness();
  it.paused('full');
  it.doubts('moved');
  it.doubts('gone');
  assert.deepEqual(warnings.slice(1), ['the files of the store may have been moved or replaced: moved']);
  assert.deepEqual([it.reason('valid'), it.reason('lapsed')], ['gone', 'gone']);
  it.doubts(undefined);
  assert.equal(it.reason('valid'), 'full');
});

test('a start that waits says why, without a warning of its own; later a lost lease is the reason', () => {
  const { warnings, readiness: it } = readiness();
  assert.equal(it.reason('none yet'), 'no lease on the store');
  it.waits('no room');
  assert.deepEqual([it.reason('none yet'), warnings], ['no room', []]);
  assert.equal(it.reason('lapsed'), 'no lease on the store');
  assert.equal(it.reason('lapsed', 'it only reads'), 'no lease on the store: it only reads');
  it.waits(undefined);
  assert.deepEqual([it.reason('none yet'), it.reason('valid')], ['no lease on the store', undefined]);
});
