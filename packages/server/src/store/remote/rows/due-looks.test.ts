import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aProgress, append, create, update } from '../../contract/fixtures.ts';
import { DueLooks } from './due-looks.ts';

const nowMs = 1_000_000_000;

/** Nothing was found at that time. */
function settled(): DueLooks {
  const looks = new DueLooks();
  looks.claimed(nowMs, undefined, looks.claimFrom(nowMs));
  looks.beaten({ clockMs: nowMs, nextDueMs: undefined }, looks.beatFrom());
  return looks;
}

test('claims begin a little before now, heartbeats long before', () => {
  const looks = settled();
  assert.equal(looks.claimFrom(nowMs), nowMs - 2000);
  assert.equal(looks.beatFrom(), nowMs - 20_000);
});

test('what a heartbeat finds is where the next claim begins', () => {
  const looks = settled();
  looks.beaten({ clockMs: nowMs, nextDueMs: nowMs - 10_000 }, looks.beatFrom());
  assert.equal(looks.claimFrom(nowMs), nowMs - 10_000);
});

test('what is written without owner is looked at by both, what is owned or has ended is not', () => {
  const dueMs = 7;
  const waiting = aProgress('prepared', { dueMs });
  for (const write of [
    create('g', { progress: waiting }),
    update('g', { progress: waiting }),
    append('g', [], { dueMs }),
  ]) {
    const looks = settled();
    looks.written(write);
    assert.deepEqual([looks.claimFrom(nowMs), looks.beatFrom()], [dueMs, dueMs], write.kind);
  }
  const ended = aProgress('succeed', { dueMs });
  for (const write of [
    create('g', { owner: 'a', progress: waiting }),
    update('g', { progress: ended }),
    append('g', []),
  ]) {
    const looks = settled();
    looks.written(write);
    assert.equal(looks.claimFrom(nowMs), nowMs - 2000, write.kind);
  }
});

test('a look at all is due at once, and then once a minute', () => {
  const looks = settled();
  assert.deepEqual(
    [0, 59_999, 60_000].filter((atMs) => looks.isWholeLookDue(atMs)),
    [0, 60_000],
  );
});
