import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualRuntime } from '../../../engine/testing/manual-runtime.ts';
import type { Looked } from './looked.ts';
import { RememberedLookups } from './remembered-lookups.ts';

const found = (ttlMs: number, answer: string): Looked<string> => ({ kind: 'found', ttlMs, answer });

class World {
  readonly runtime = new ManualRuntime();
  readonly asked: string[] = [];
  #answers: ((looked: Looked<string>) => void)[] = [];
  readonly tally = { found: 0, gone: 0, failed: 0 };
  readonly names: RememberedLookups<string, string>;

  constructor({ staleMs = 60_000, names = 10 } = {}) {
    this.names = new RememberedLookups<string, string>({
      runtime: this.runtime,
      limits: { staleMs, names },
      tally: this.tally,
      keyOf: (host) => host,
      lookUp: (host) => {
        this.asked.push(host);
        return new Promise((resolve) => this.#answers.push(resolve));
      },
    });
  }

  /** What a call is told: its addresses, or a reason; undefined while it waits. */
  resolve(host = 'h'): { told: string | undefined } {
    const call: { told: string | undefined } = { told: undefined };
    this.names.resolve(host, (result) => {
      assert.equal(call.told, undefined, 'told twice');
      call.told =
        result.kind === 'found' ? result.answer : `unknown: ${result.reason}${result.isLocal ? ' (local)' : ''}`;
    });
    return call;
  }

  async answer(looked: Looked<string>): Promise<void> {
    this.#answers.shift()?.(looked);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('one look-up serves all who wait for it, and those who come while it counts', async () => {
  const world = new World();
  const calls = [world.resolve(), world.resolve()];
  assert.deepEqual(
    calls.map(({ told }) => told),
    [undefined, undefined],
  );
  await world.answer(found(5000, 'a b'));
  assert.deepEqual(
    calls.map(({ told }) => told),
    ['a b', 'a b'],
  );
  await world.runtime.advance(4999);
  assert.equal(world.resolve().told, 'a b');
  assert.deepEqual(world.asked, ['h']);
  await world.runtime.advance(1);
  assert.equal(world.resolve().told, undefined);
  assert.deepEqual(world.asked, ['h', 'h']);
});

test('an answer without time to live counts for a second', async () => {
  const world = new World();
  world.resolve();
  await world.answer(found(0, 'a'));
  await world.runtime.advance(999);
  assert.equal(world.resolve().told, 'a');
  await world.runtime.advance(1);
  assert.equal(world.resolve().told, undefined);
});

test('while DNS does not answer the last answer is used, at once, up to its age', async () => {
  const world = new World({ staleMs: 60_000 });
  world.resolve();
  await world.answer(found(1000, 'a'));
  await world.runtime.advance(1000);
  const waiting = world.resolve();
  await world.answer({ kind: 'failed', reason: 'silence' });
  assert.equal(waiting.told, 'a');
  await world.runtime.advance(1000);
  assert.equal(world.resolve().told, 'a', 'nobody waits for a DNS that was silent');
  assert.equal(world.asked.length, 3, 'it is asked beside the calls');
  await world.answer(found(1000, 'b'));
  assert.equal(world.resolve().told, 'b');
  await world.runtime.advance(1000);
  world.resolve();
  await world.runtime.advance(60_000);
  await world.answer({ kind: 'failed', reason: 'silence' });
  assert.equal(world.resolve().told, 'unknown: silence');
});

test('a name that does not exist any more is forgotten, and asked for once a second', async () => {
  const world = new World();
  world.resolve();
  await world.answer(found(1000, 'a'));
  await world.runtime.advance(1000);
  const waiting = world.resolve();
  await world.answer({ kind: 'gone', reason: 'no such name' });
  assert.equal(waiting.told, 'unknown: no such name');
  assert.equal(world.resolve().told, 'unknown: no such name');
  assert.equal(world.asked.length, 2);
  await world.runtime.advance(1000);
  const again = world.resolve();
  await world.answer(found(1000, 'b'));
  assert.equal(again.told, 'b');
});

test('doubted addresses are looked up again, but not within a second', async () => {
  const world = new World();
  world.resolve();
  await world.answer(found(30_000, 'a'));
  world.names.doubt('h');
  assert.equal(world.resolve().told, 'a');
  await world.runtime.advance(1000);
  assert.equal(world.resolve().told, undefined);
});

test('so many names are remembered, the least recently used is forgotten', async () => {
  const world = new World({ names: 2 });
  for (const host of ['a', 'b', 'a', 'c']) {
    world.resolve(host);
    await world.answer(found(5000, host));
  }
  assert.equal(world.names.size, 2);
  assert.equal(world.resolve('a').told, 'a');
  assert.equal(world.resolve('b').told, undefined);
});

test('few new names are asked for at once, the last one first; known ones at once', async () => {
  const world = new World({ names: 1000 });
  world.resolve('known');
  await world.answer(found(1000, 'a'));
  await world.runtime.advance(1000);
  const dead = Array.from({ length: 100 }, (_, index) => world.resolve(`dead${index}`));
  assert.equal(world.asked.length, 1 + 64);
  const good = world.resolve('good');
  const again = world.resolve('dead70');
  world.resolve('known');
  assert.equal(world.asked.at(-1), 'known');
  await world.answer({ kind: 'failed', reason: 'silence' });
  await world.answer({ kind: 'failed', reason: 'silence' });
  assert.deepEqual(world.asked.slice(-2), ['dead70', 'good']);
  for (let left = 63; left > 0; left -= 1) await world.answer({ kind: 'failed', reason: 'silence' });
  await world.answer(found(1000, 'b'));
  await world.answer(found(1000, 'c'));
  assert.deepEqual([again.told, good.told], ['b', 'c']);
  assert.equal(dead[0]?.told, 'unknown: silence');
  for (let left = 0; left < 100; left += 1) await world.answer({ kind: 'gone', reason: 'none' });
  assert.deepEqual([dead[99]?.told, dead[64]?.told], ['unknown: none', 'unknown: none']);
  assert.equal(new Set(world.asked).size, world.asked.length - 1, 'each of the new ones was asked for once');
});

test('who waits too long for DNS, or behind too many, is told so without a look-up', async () => {
  const world = new World({ names: 100_000 });
  for (let index = 0; index < 64; index += 1) world.resolve(`dead${index}`);
  const first = world.resolve('first');
  for (let index = 0; index < 9_999; index += 1) world.resolve(`name${index}`);
  assert.equal(first.told, undefined);
  world.resolve('last');
  assert.equal(first.told, 'unknown: too many names wait for DNS (local)');
  const late = world.resolve('late');
  await world.runtime.advance(10_001);
  await world.answer({ kind: 'failed', reason: 'silence' });
  assert.equal(late.told, 'unknown: too many names wait for DNS (local)');
  assert.equal(world.asked.length, 64);
  world.resolve('new');
  assert.equal(world.asked.at(-1), 'new');
});
