import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, createTransaction, type Outcome, ruleStop, stateOf } from '@holdfast/core';
import type { Loaded } from './actor.ts';
import type { Standing } from './standing.ts';
import { actorWorld } from './testing/actor-world.ts';
import { askedSaga, askedTcc, askedWorkflow, defaults } from './testing/asked.ts';

const success: Outcome = { kind: 'success' };
const failure: Outcome = { kind: 'failure', message: 'no money FAILURE' };
const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };
/** Claimed from an owner that had died. */
const taken: Loaded = { kind: 'loaded', handedBack: false, atMs: 1000 };

test('Q26: a quick saga costs one write after its creation: the end, with all successes', () => {
  const { answer, nextWrite, writes, left } = actorWorld(askedSaga('g', 2));
  assert.deepEqual([answer(success), answer(success)], ['http://a/1', 'http://a/2']);
  const { write, done } = nextWrite();
  assert.equal(write.progress.status, 'succeed');
  assert.equal(write.progress.operations, 'psps');
  assert.equal(write.owner, null);
  assert.deepEqual([write.expectOwner, write.expectVersion], ['me', 1]);
  done('done');
  assert.deepEqual(left, [{ kind: 'final' }]);
  assert.equal(writes.length, 0);
});

test('nothing is compensated before the move to aborting is durable', () => {
  const { answer, nextWrite, calls } = actorWorld(askedSaga('g', 2));
  answer(success);
  answer(failure);
  assert.equal(calls.length, 0);
  const { write, done } = nextWrite();
  assert.equal(write.progress.status, 'aborting');
  assert.equal(write.progress.operations, 'pspf', 'the failure and the move are one write');
  done('done');
  assert.deepEqual([answer(success), answer(success)], ['http://c/2', 'http://c/1']);
  assert.equal(nextWrite().write.progress.status, 'failed');
});

test('99: answers that came are written after a while, where nothing else takes them along', async () => {
  const { answer, nextWrite, runtime, writes } = actorWorld(askedSaga('g', 2));
  answer(success);
  await runtime.advance(99);
  assert.equal(writes.length, 0);
  await runtime.advance(1);
  const { write } = nextWrite();
  assert.equal(write.progress.operations, 'pspp');
  assert.equal(write.owner, 'me');
});

test('driving goes on while answers are being written; what comes meanwhile is in the next write', async () => {
  const { answer, nextWrite, runtime } = actorWorld(askedSaga('g', 3));
  answer(success);
  await runtime.advance(100);
  const marks = nextWrite();
  answer(success);
  answer(success);
  marks.done('done');
  const { write } = nextWrite();
  assert.deepEqual([write.progress.operations, write.expectVersion], ['pspsps', 2]);
});

test('a write counts in the journal with what it takes, error texts included', () => {
  const { nextCall, nextWrite } = actorWorld({ ...askedSaga('g', 40), customData: '{"concurrent":true}' });
  const text = 'x'.repeat(1000);
  for (let step = 0; step < 40; step += 1) {
    const outcome: Outcome = { kind: 'error', message: text, retryAfterMs: 0 };
    nextCall().done({ kind: 'answered', outcome, durationMs: 1 });
  }
  const { write, bytes } = nextWrite();
  const stored = JSON.stringify(write.progress).length;
  assert.ok(bytes >= stored && bytes < stored * 1.5, `${bytes} for ${stored}`);
});

test('an error hands it back, due after twice the interval, without owner', () => {
  const { answer, nextWrite, left, clock } = actorWorld(askedSaga('g', 1));
  answer(error);
  const { write, done } = nextWrite();
  assert.equal(write.owner, null);
  assert.equal(write.progress.dueMs, clock.nowMs() + 20_000);
  assert.equal(write.progress.operations, 'pm', 'it may have run');
  done('done');
  assert.deepEqual(left, [{ kind: 'handed-back', dueMs: clock.nowMs() + 20_000 }]);
});

test('while the hand-back is being written it says so: from then on it has no owner', () => {
  const { actor, nextCall, nextWrite, left } = actorWorld(askedSaga('g', 1));
  nextCall().done({ kind: 'answered', outcome: error, durationMs: 1 });
  assert.equal(actor.isReleasing, true);
  nextWrite().done('done');
  assert.deepEqual([actor.isReleasing, left[0]?.kind], [false, 'handed-back']);
});

test('a wake before it is closed is kept: it is handed back as due', () => {
  const { actor, nextCall, nextWrite, clock } = actorWorld(askedSaga('g', 1));
  const { done } = nextCall();
  actor.wake();
  actor.close();
  done({ kind: 'answered', outcome: error, durationMs: 1 });
  assert.equal(nextWrite().write.progress.dueMs, clock.nowMs());
});

test('many calls that are withdrawn together are decided on together', async () => {
  const asked = { ...askedSaga('g', 300), customData: '{"concurrent":true}' };
  const { actor, runtime, calls, writes } = actorWorld(asked);
  actor.close();
  for (const call of calls.splice(0)) call.done({ kind: 'not-called', untilMs: undefined });
  assert.equal(writes.length, 0);
  await runtime.settle();
  assert.equal(writes.length, 1);
});

test('closing: a call that waits for a slot does not go out', async () => {
  const { actor, runtime, calls, nextWrite } = actorWorld(askedSaga('g', 1));
  const waiting = calls.shift() ?? assert.fail('nothing is called');
  actor.close();
  assert.equal(waiting.mayGo(), false);
  waiting.done({ kind: 'not-called', untilMs: undefined });
  await runtime.settle();
  assert.deepEqual([nextWrite().write.progress.operations, calls.length], ['pp', 0]);
});

test('a call that waits for a slot does not go out while the row, which somebody else has changed, is being read', () => {
  const { actor, calls, loads, stored, transaction, nextCall } = actorWorld(askedSaga('g', 1));
  const waiting = calls.shift() ?? assert.fail('nothing is called');
  actor.looked(2, 0);
  assert.equal(waiting.mayGo(), false);
  waiting.done({ kind: 'not-called', untilMs: undefined });
  loads.shift()?.(stored(transaction, 2));
  assert.equal(nextCall().went, true);
});

test('a row read again keeps what a dead owner may have run, until it is written', () => {
  const { actor, answer, loads, stored, transaction, nextWrite } = actorWorld(askedSaga('g', 3), 'submitted', taken);
  actor.looked(2, 0);
  loads.shift()?.({ ...stored(transaction, 2), handedBack: false });
  assert.equal(answer(failure), 'http://a/1');
  const { write, done } = nextWrite();
  assert.deepEqual([write.progress.status, write.progress.operations], ['aborting', 'pfpmpm']);
  done('done');
  assert.deepEqual([answer(success), answer(success), answer(success)], ['http://c/3', 'http://c/2', 'http://c/1']);
});

test('what was prepared when its owner died may have run nothing, also where it is submitted when it is read again', () => {
  const { answer, loads, stored, nextWrite } = actorWorld(askedSaga('g', 2), 'prepared', taken);
  nextWrite().done('conflict');
  const submitted = createTransaction({ ...askedSaga('g', 2), createdMs: 1000 }, 'submitted', defaults);
  loads.shift()?.({ ...stored(submitted, 3), handedBack: false });
  assert.equal(answer(failure), 'http://a/1');
  assert.equal(nextWrite().write.progress.operations, 'pfpp');
});

test('a wake during a call is kept: what answered without success is called again at once', () => {
  const { actor, answer, nextCall, writes } = actorWorld(askedSaga('g', 1));
  actor.wake();
  answer(error);
  assert.equal(writes.length, 0);
  assert.equal(nextCall().url, 'http://a/1');
});

test('a time-out during a call moves at once; the step is compensated after the call has answered', async () => {
  const { runtime, nextCall, nextWrite, calls } = actorWorld(askedSaga('g', 1, { timeoutToFailMs: 2000 }));
  const action = nextCall();
  await runtime.advance(2000);
  const { write, done } = nextWrite();
  assert.equal(write.progress.status, 'aborting');
  assert.equal(write.progress.reason, 'Timeout after 2 seconds');
  done('done');
  assert.equal(calls.length, 0);
  action.done({ kind: 'answered', outcome: success, durationMs: 2500 });
  assert.equal(nextCall().url, 'http://c/1');
});

test('a call that waits for a slot when the saga rolls back is not sent, and not compensated', async () => {
  const { runtime, calls, nextWrite } = actorWorld(askedSaga('g', 1, { timeoutToFailMs: 2000 }));
  const waiting = calls.shift() ?? assert.fail();
  await runtime.advance(2000);
  nextWrite().done('done');
  assert.equal(waiting.mayGo(), false);
  assert.equal(calls.length, 0);
  assert.equal(nextWrite().write.progress.status, 'failed');
});

test('Q10: without a valid lease nothing goes out', () => {
  const { state, nextCall } = actorWorld(askedSaga('g', 1));
  state.leaseIsValid = false;
  assert.equal(nextCall().went, false);
});

test('Q10, B16: a refused write whose row is another owner’s: dropped, nothing is called any more', () => {
  const { answer, nextWrite, loads, left, calls, stored, transaction } = actorWorld(askedSaga('g', 1));
  answer(failure);
  nextWrite().done('conflict');
  loads.shift()?.(stored(transaction, 5, 'other'));
  assert.deepEqual(left, [{ kind: 'lost' }]);
  assert.equal(calls.length, 0);
});

test('a refused write whose row is still ours: read again, and what is known since is kept', () => {
  const { answer, nextWrite, loads, stored, transaction } = actorWorld(askedSaga('g', 2));
  answer(success);
  answer(failure);
  nextWrite().done('conflict');
  loads.shift()?.(stored(transaction, 7));
  const { write } = nextWrite();
  assert.deepEqual([write.expectVersion, write.progress.status, write.progress.operations], [7, 'aborting', 'pspf']);
});

test('Q13: stopped by another node under our ownership: seen at the next look, and nothing is called any more', () => {
  const { actor, answer, loads, left, calls, stored, transaction } = actorWorld(askedSaga('g', 2));
  actor.looked(2, 0);
  answer(success);
  assert.equal(calls.length, 0, 'blocked while the row is read');
  const failed = { ...transaction.progress, status: 'failed' as const };
  loads.shift()?.(stored({ ...transaction, progress: failed }, 2, null));
  assert.deepEqual(left, [{ kind: 'final' }]);
  assert.equal(calls.length, 0);
});

test('made due by another node while a call is out: not lost, it is called again at once', () => {
  const { actor, answer, nextCall, loads, stored, transaction, writes, clock } = actorWorld(askedSaga('g', 1));
  const { done } = nextCall();
  actor.looked(2, 0);
  const due = { ...transaction.progress, dueMs: clock.nowMs() };
  loads.shift()?.(stored({ ...transaction, progress: due }, 2));
  done({ kind: 'answered', outcome: error, durationMs: 1 });
  assert.equal(writes.length, 0);
  assert.equal(answer(success), 'http://a/1');
});

for (const [what, isMadeDue] of [
  ['a sign of life that another node wrote', false],
  ['made due by another node after a sign of life', true],
] as const) {
  test(`a callback is open: ${what}, read when its interval is over`, async () => {
    const asked = { ...askedWorkflow('g'), options: { ...askedWorkflow('g').options, retryIntervalMs: 1000 } };
    const { actor, clock, runtime, nextWrite, nextCall, loads, stored, transaction, calls } = actorWorld(
      asked,
      'prepared',
    );
    nextWrite().done('conflict');
    await runtime.advance(1000);
    loads.shift()?.(stored(transaction, 1));
    const { done } = nextCall();
    const alive = apply(transaction, { kind: 'alive', atMs: clock.nowMs() });
    await runtime.advance(1500);
    actor.looked(2, 0);
    const dueMs = isMadeDue ? clock.nowMs() - 600 : alive.progress.dueMs;
    loads.shift()?.(stored({ ...alive, progress: { ...alive.progress, dueMs } }, 2));
    done({ kind: 'answered', outcome: { kind: 'ongoing', message: '' }, durationMs: 1 });
    assert.equal(calls.length, isMadeDue ? 1 : 0);
    if (!isMadeDue) assert.equal(nextWrite().write.progress.dueMs, clock.nowMs() + 1000);
  });
}

test('a look between a wake and the call that it asks for loses nothing', () => {
  const { actor, state, nextCall, writes, answer } = actorWorld(askedSaga('g', 1));
  const { done } = nextCall();
  actor.wake();
  state.mustLook = true;
  done({ kind: 'answered', outcome: error, durationMs: 1 });
  state.mustLook = false;
  actor.looked(1, 0);
  assert.equal(writes.length, 0, 'not handed back');
  assert.equal(answer(success), 'http://a/1');
});

test('where its view of the row is old, it looks before it calls', async () => {
  const { actor, runtime, state, answer, calls, nextCall } = actorWorld(askedSaga('g', 2));
  state.mustLook = true;
  assert.equal(calls[0]?.mayGo(), false);
  calls.shift()?.done({ kind: 'not-called', untilMs: undefined });
  await runtime.settle();
  assert.deepEqual([calls.length, state.looks], [0, 1]);
  state.mustLook = false;
  actor.looked(1, 0);
  assert.equal(answer(success), 'http://a/1');
  assert.equal(nextCall().url, 'http://a/2');
});

test('where it looks before it calls and its row was changed, it reads it and does what it says', async () => {
  const { actor, runtime, state, calls, loads, stored, transaction, left } = actorWorld(askedSaga('g', 2));
  state.mustLook = true;
  calls.shift()?.done({ kind: 'not-called', untilMs: undefined });
  await runtime.settle();
  state.mustLook = false;
  actor.looked(2, 0);
  assert.equal(calls.length, 0);
  const failed = { ...transaction.progress, status: 'failed' as const };
  loads.shift()?.(stored({ ...transaction, progress: failed }, 2, null));
  assert.deepEqual([left, calls.length], [[{ kind: 'final' }], 0]);
});

test('Q13: an attempt that ends after a final status is told of, and not written', () => {
  const { actor, nextCall, nextWrite, writes, left, attempts } = actorWorld(askedSaga('g', 1));
  const { done } = nextCall();
  actor.request({ change: (at) => ruleStop(at, 1), wake: false, done: () => undefined });
  nextWrite().done('done');
  done({ kind: 'answered', outcome: error, durationMs: 1 });
  assert.deepEqual([left, attempts, writes.length], [[{ kind: 'final' }], ['1 error'], 0]);
});

test('closing: calls nothing new, waits for what is out, then hands back as due', () => {
  const { actor, nextCall, nextWrite, left, calls, clock } = actorWorld(askedSaga('g', 2));
  const first = nextCall();
  actor.close();
  first.done({ kind: 'answered', outcome: success, durationMs: 1 });
  assert.equal(calls.length, 0);
  const { write, done } = nextWrite();
  assert.deepEqual([write.owner, write.progress.operations, write.progress.dueMs], [null, 'pspp', clock.nowMs()]);
  done('done');
  assert.equal(left[0]?.kind, 'handed-back');
});

test('Q37: a prepared tcc is handed back, due at its time-out', () => {
  const { write } = actorWorld(askedTcc('g'), 'prepared').nextWrite();
  assert.deepEqual([write.owner, write.progress.dueMs], [null, 36_000]);
});

test('the branches of a tcc are read after the move out of prepared is durable', async () => {
  const asked = askedTcc('g');
  const due = actorWorld({ ...asked, options: { ...asked.options, timeoutToFailMs: 1 } }, 'prepared');
  due.nextWrite().done('conflict');
  await due.runtime.advance(1);
  due.loads.shift()?.(due.stored(due.transaction, 2));
  const { write, done } = due.nextWrite();
  assert.equal(write.progress.status, 'aborting');
  assert.equal(due.loads.length, 0);
  done('done');
  assert.equal(due.calls.length, 0);
  const branch = { branchId: '01', op: 'cancel' as const, url: 'http://cancel', payload: '' };
  const moved = { ...due.transaction, branches: [branch], progress: write.progress };
  due.loads.shift()?.(due.stored(moved, 3));
  assert.equal(due.nextCall().url, 'http://cancel');
});

test('who waits is told once, where it stands durably', () => {
  const { actor, answer, nextWrite } = actorWorld(askedSaga('g', 1));
  const told: (Standing | 'gone')[] = [];
  actor.wait((standing) => told.push(standing));
  answer(error);
  assert.equal(told.length, 0);
  nextWrite().done('done');
  const [standing] = told;
  assert.ok(standing !== undefined && standing !== 'gone');
  assert.equal(standing.trouble?.kind, 'error');
  assert.equal(stateOf(standing.transaction.progress, 1), 'm');
});

test('a programmer’s error ends this actor alone: it stays owned, and says so', () => {
  const { actor, nextCall, left, writes } = actorWorld(askedSaga('g', 1));
  nextCall();
  const answers: unknown[] = [];
  actor.request({
    change: () => {
      throw new Error('oops');
    },
    wake: false,
    done: (told) => answers.push(told),
  });
  assert.equal(left[0]?.kind, 'broken');
  assert.deepEqual(answers, ['gone']);
  assert.equal(writes.length, 0);
});

test('thousands of operations without a call let others have their turn, and are all done', async () => {
  const asked = askedSaga('g', 2000);
  const { runtime, writes, calls, nextWrite } = actorWorld({
    ...asked,
    steps: asked.steps.map((step) => ({ ...step, action: '' })),
  });
  assert.equal(writes.length, 0, 'the end has not come in one go');
  await runtime.settle();
  assert.equal(nextWrite().write.progress.status, 'succeed');
  assert.equal(calls.length, 0);
});
