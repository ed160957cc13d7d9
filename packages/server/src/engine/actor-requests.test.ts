/** Requests about a transaction that an actor drives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError, type Outcome, ruleStop } from '@holdfast/core';
import { actorWorld } from './testing/actor-world.ts';
import { askedSaga } from './testing/asked.ts';

const success: Outcome = { kind: 'success' };

test('a request is decided on the committed state and answered when it is durable', () => {
  const { actor, nextCall, nextWrite } = actorWorld(askedSaga('g', 1));
  nextCall();
  const answers: unknown[] = [];
  actor.request({ change: (at) => ruleStop(at, 1), wake: false, done: (told) => answers.push(told) });
  const { write, done } = nextWrite();
  assert.equal(write.progress.status, 'failed');
  assert.equal(answers.length, 0);
  done('done');
  assert.equal(answers.length, 1);
});

test('a request refused by the rules is answered at once, and changes nothing', () => {
  const { actor, nextCall, writes } = actorWorld(askedSaga('g', 1));
  nextCall();
  const answers: unknown[] = [];
  actor.request({
    change: () => new HoldfastError('WRONG_STATUS', 'no'),
    wake: false,
    done: (told) => answers.push(told),
  });
  assert.ok(answers[0] instanceof HoldfastError);
  assert.equal(writes.length, 0);
});

test('a request whose write was refused is asked again on what is stored', () => {
  const { actor, nextCall, nextWrite, loads, stored, transaction } = actorWorld(askedSaga('g', 1));
  nextCall();
  let asked = 0;
  const answers: unknown[] = [];
  actor.request({
    change: (at) => {
      asked += 1;
      return ruleStop(at, 1);
    },
    wake: false,
    done: (told) => answers.push(told),
  });
  nextWrite().done('conflict');
  loads.shift()?.(stored(transaction, 9));
  const { write, done } = nextWrite();
  assert.equal(write.expectVersion, 9);
  done('done');
  assert.deepEqual([asked, answers.length], [2, 1]);
});

test('a request that the store cannot write now is undone: driving goes on as if it had not been asked', () => {
  const { actor, nextCall, nextWrite, writes, answer } = actorWorld(askedSaga('g', 2));
  const { done } = nextCall();
  const answers: unknown[] = [];
  actor.request({ change: (at) => ruleStop(at, 1), wake: false, done: (told) => answers.push(told) });
  done({ kind: 'answered', outcome: success, durationMs: 1 });
  nextWrite().done('given-up');
  assert.deepEqual([answers, writes.length], [['given-up'], 0]);
  assert.equal(answer(success), 'http://a/2');
  const { write } = nextWrite();
  assert.deepEqual([write.expectVersion, write.progress.status, write.progress.operations], [1, 'succeed', 'psps']);
});

for (const [result, told] of [
  ['done', 'object'],
  ['conflict', 'string'],
] as const) {
  test(`dropped while a request is being written: answered all the same (${result})`, () => {
    const { actor, nextCall, nextWrite } = actorWorld(askedSaga('g', 1));
    nextCall();
    const answers: unknown[] = [];
    actor.request({ change: (at) => ruleStop(at, 1), wake: false, done: (answer) => answers.push(answer) });
    actor.drop();
    nextWrite().done(result);
    assert.deepEqual(
      answers.map((answer) => typeof answer),
      [told],
    );
  });
}
