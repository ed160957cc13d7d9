import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLong, LongTurns } from './long-turns.ts';
import { askedSaga } from './testing/asked.ts';

/** Rounds of an event loop: what is asked for in one runs in the next. */
class Loop {
  #next: (() => void)[] = [];

  readonly soon = (action: () => void) => {
    this.#next.push(action);
  };

  round(): void {
    for (const action of this.#next.splice(0)) action();
  }
}

test('one piece runs in one round, in their order; none runs in the round in which it was asked for', () => {
  const loop = new Loop();
  const turns = new LongTurns(loop.soon);
  const run: string[] = [];
  const seen: string[] = [];
  turns.take(() => {
    run.push('a');
    turns.take(() => run.push('d'));
  });
  for (const name of ['b', 'c']) turns.take(() => run.push(name));
  for (let round = 0; round < 6; round += 1) {
    loop.round();
    seen.push(run.join(''));
  }
  assert.deepEqual(seen, ['', 'a', 'ab', 'abc', 'abcd', 'abcd']);
});

test('a piece that throws holds up none behind it', () => {
  const loop = new Loop();
  const turns = new LongTurns(loop.soon);
  const run: string[] = [];
  turns.take(() => {
    throw new Error('broken');
  });
  turns.take(() => run.push('b'));
  loop.round();
  assert.throws(() => loop.round(), /broken/);
  loop.round();
  turns.take(() => run.push('c'));
  loop.round();
  loop.round();
  assert.deepEqual(run, ['b', 'c']);
});

test('whoever waits for a turn goes on in it', async () => {
  const loop = new Loop();
  const turns = new LongTurns(loop.soon);
  let isOn = false;
  const waiting = turns.turn().then(() => {
    isOn = true;
  });
  await Promise.resolve();
  assert.equal(isOn, false);
  loop.round();
  loop.round();
  await waiting;
  assert.equal(isOn, true);
});

test('long is what has over 500 steps and branches together, or over 64 KiB of custom_data', () => {
  assert.deepEqual([isLong(askedSaga('g', 500)), isLong(askedSaga('g', 501))], [false, true]);
  assert.deepEqual([isLong(askedSaga('g', 1), 499), isLong(askedSaga('g', 1), 500)], [false, true]);
  const told = (characters: number) => ({ ...askedSaga('g', 1), customData: 'x'.repeat(characters) });
  assert.deepEqual([isLong(told(65_536)), isLong(told(65_537))], [false, true]);
});
