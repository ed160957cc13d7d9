import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf } from './durability.ts';

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
