import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangedRow, SeenRow } from '../store/nodes.ts';
import { type DrivenRow, RowWatch, type Watched } from './row-watch.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

/** A watch over rows of a table, whose questions are counted. */
class World {
  readonly runtime = new ManualRuntime();
  readonly table = new Map<string, { version: number; owner: string | null }>();
  readonly driven: DrivenRow[] = [];
  readonly questions: SeenRow[][] = [];
  readonly told: string[] = [];
  readonly errors: unknown[] = [];
  failure: unknown;
  /** The store answers then. */
  answers: Promise<void> = Promise.resolve();
  readonly watch = new RowWatch({
    runtime: this.runtime,
    own: 'me',
    driven: () => this.driven,
    changed: async (seen) => {
      this.questions.push([...seen]);
      await this.answers;
      if (this.failure !== undefined) throw this.failure;
      return seen.flatMap(({ gid, version }): ChangedRow[] => {
        const row = this.table.get(gid) ?? { version: 0, owner: null };
        return row.version === version ? [] : [{ gid, ...row }];
      });
    },
    failed: (error) => void this.errors.push(error),
  });

  drive(gid: string, version: number): void {
    this.table.set(gid, { version, owner: 'me' });
    this.driven.push({
      gid,
      sight: { version, seenMs: this.runtime.monotonicMs() },
      looked: (seen, atMs) => void this.told.push(`${gid} ${seen} at ${atMs}`),
      missed: () => void this.told.push(`${gid} missed`),
    });
    this.watch.wake();
  }

  wait(gid: string, version: number): void {
    this.watch.wait(gid, version, (watched: Watched) => void this.told.push(`${gid} ${watched}`));
  }
}

test('nothing is asked where nothing is driven or waited for', async () => {
  const { runtime, questions, watch } = new World();
  watch.wake();
  await runtime.advance(60_000);
  assert.equal(questions.length, 0);
});

test('one question a second for all that is driven and waited for, and none once that is over', async () => {
  const world = new World();
  const { runtime, table, questions, told } = world;
  for (const gid of ['a', 'b', 'c']) world.drive(gid, 1);
  table.set('w', { version: 5, owner: 'other' });
  world.wait('w', 5);
  world.wait('w', 5);
  await runtime.advance(10_000);
  assert.equal(questions.length, 10);
  assert.deepEqual(
    questions[0]?.map(({ gid }) => gid),
    ['a', 'b', 'c', 'w'],
  );
  assert.deepEqual(told.slice(0, 3), ['a 1 at 1000', 'b 1 at 1000', 'c 1 at 1000']);
  world.driven.length = 0;
  told.length = 0;
  table.set('w', { version: 7, owner: null });
  await runtime.advance(1000);
  assert.deepEqual(told, ['w ended', 'w ended']);
  await runtime.advance(60_000);
  assert.equal(questions.length, 11);
});

test('a driver hears of another version, of an owner that is not this node, and of a row that is gone', async () => {
  const world = new World();
  const { runtime, table, told } = world;
  for (const gid of ['changed', 'taken', 'ended', 'gone']) world.drive(gid, 3);
  table.set('changed', { version: 4, owner: 'me' });
  table.set('taken', { version: 4, owner: 'other' });
  table.set('ended', { version: 4, owner: null });
  table.delete('gone');
  await runtime.advance(1000);
  assert.deepEqual(told, ['changed 4 at 1000', 'taken missed', 'ended missed', 'gone missed']);
});

test('what is being written, or was seen just now, is not asked for', async () => {
  const world = new World();
  const { runtime, questions, driven } = world;
  world.drive('busy', 1);
  driven[0] = { ...(driven[0] ?? assert.fail()), sight: undefined };
  await runtime.advance(900);
  world.drive('fresh', 1);
  await runtime.advance(100);
  assert.equal(questions.length, 0);
  await runtime.advance(1000);
  assert.deepEqual(
    questions.map((seen) => seen.map(({ gid }) => gid)),
    [['fresh']],
  );
});

test('who waits hears nothing while others drive it on, and hears once it has no owner', async () => {
  const world = new World();
  const { runtime, table, told } = world;
  table.set('w', { version: 1, owner: null });
  world.wait('w', 1);
  await runtime.advance(3000);
  table.set('w', { version: 2, owner: 'other' });
  await runtime.advance(3000);
  table.set('w', { version: 3, owner: 'other' });
  await runtime.advance(3000);
  assert.deepEqual(told, []);
  table.set('w', { version: 4, owner: null });
  await runtime.advance(1000);
  assert.deepEqual(told, ['w ended']);
});

test('thousands are asked for in pages, and a question that fails is asked again', async () => {
  const world = new World();
  const { runtime, questions, errors } = world;
  for (let index = 0; index < 4500; index += 1) world.drive(`g${index}`, 1);
  world.failure = new Error('the store is away');
  await runtime.advance(1000);
  assert.equal(errors.length, 1);
  world.failure = undefined;
  await runtime.advance(1000);
  assert.deepEqual(
    questions.slice(1).map(({ length }) => length),
    [2000, 2000, 500],
  );
});

test('drivers that want to be sure at once are asked for together, and those that come meanwhile after them', async () => {
  const world = new World();
  const { runtime, questions, driven, watch, told } = world;
  for (let index = 0; index < 1200; index += 1) world.drive(`g${index}`, 1);
  const answer = Promise.withResolvers<void>();
  world.answers = answer.promise;
  for (const row of driven.slice(0, 700)) watch.ask(row);
  await runtime.settle();
  for (const row of driven.slice(600)) watch.ask(row);
  await runtime.settle();
  assert.deepEqual(
    questions.map(({ length }) => length),
    [500],
  );
  answer.resolve();
  await runtime.settle();
  assert.deepEqual(
    questions.map(({ length }) => length),
    [500, 500, 200],
  );
  assert.equal(new Set(told).size, 1200);
});

test('a look for drivers that fails is tried again, and an answer that took long is not older than half a second', async () => {
  const world = new World();
  const { runtime, driven, watch, told, errors, questions } = world;
  world.drive('g', 1);
  world.failure = new Error('the store is away');
  for (const row of driven) watch.ask(row);
  driven.length = 0;
  await runtime.settle();
  assert.equal(errors.length, 1);
  world.failure = undefined;
  const answer = Promise.withResolvers<void>();
  world.answers = answer.promise;
  await runtime.advance(1000);
  await runtime.advance(3000);
  answer.resolve();
  await runtime.settle();
  assert.deepEqual([told, questions.length], [['g 1 at 3500'], 2]);
});

test('at its end all who wait are told that nobody can say, and so is who comes later', async () => {
  const world = new World();
  world.wait('w', 1);
  world.watch.end();
  world.wait('v', 1);
  assert.deepEqual(world.told, ['w gone', 'v gone']);
  await world.runtime.advance(10_000);
  assert.deepEqual(world.questions, []);
});
