/** A request whose write is of unknown outcome is answered when that is known: by nothing that says it was not done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BranchOperation, Status } from '@holdfast/core';
import { StoreError } from '../store/store.ts';
import { askedTcc } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const lost = new StoreError('unknown-outcome', 'the connection was lost');
const away = new StoreError('not-done', 'away');
const branches: readonly BranchOperation[] = (['cancel', 'confirm'] as const).map((op) => ({
  branchId: '01',
  op,
  url: `http://${op}`,
  payload: '',
}));

async function prepared(): Promise<EngineWorld> {
  const world = await new EngineWorld({ exclusive: false }).start();
  await world.done(world.engine.prepare(askedTcc('g')));
  return world;
}

/** What became of it so far. */
function watched(asked: Promise<unknown>): { readonly state: () => string } {
  let state = 'waits';
  asked.then(
    () => {
      state = 'done';
    },
    (error: Error) => {
      state = error.message;
    },
  );
  return { state: () => state };
}

/** Somebody else changes the row, past this engine. */
async function changeElsewhere(world: EngineWorld, status: Status): Promise<void> {
  const { owner, version, progress } = world.row('g');
  const token = 'of somebody else';
  const ended = { ...progress, status, finishedMs: progress.updatedMs };
  await world.store.commit([
    { kind: 'update', gid: 'g', token, expectOwner: owner, expectVersion: version, owner: null, progress: ended },
  ]);
}

test('a branch that was registered by an attempt of unknown outcome is not refused while it cannot be read', async () => {
  const world = await prepared();
  const answer = world.hold('commit', 'answer');
  const registered = watched(world.engine.registerBranch('g', 'tcc', branches));
  await world.runtime.settle();
  world.failing.set('read', away);
  answer(lost);
  await world.runtime.advance(3000);
  assert.equal(registered.state(), 'waits');
  world.failing.clear();
  await world.runtime.advance(1000);
  assert.equal(registered.state(), 'done');
  assert.equal(world.row('g').branches.length, 2);
});

test('a branch that was registered by an attempt of unknown outcome is so, though somebody has submitted it since', async () => {
  const world = await prepared();
  const answer = world.hold('commit', 'answer');
  const registered = watched(world.engine.registerBranch('g', 'tcc', branches));
  await world.runtime.settle();
  await changeElsewhere(world, 'submitted');
  answer(lost);
  await world.runtime.advance(3000);
  assert.equal(registered.state(), 'done');
});

test('a repeat of a registration is refused, and does not wait, while it cannot be read', async () => {
  const world = await prepared();
  await world.done(world.engine.registerBranch('g', 'tcc', branches));
  world.failing.set('read', away);
  const again = watched(world.engine.registerBranch('g', 'tcc', branches));
  await world.runtime.advance(1000);
  assert.match(again.state(), /away|cannot/);
});

test('a submit of unknown outcome that another node has ended is done, also where that cannot be read at first', async () => {
  const world = await prepared();
  const answer = world.hold('commit', 'answer');
  const submitted = watched(world.engine.submit(askedTcc('g'), false));
  await world.runtime.settle();
  assert.equal(world.row('g').progress.status, 'submitted');
  await changeElsewhere(world, 'succeed');
  world.failing.set('read', away);
  answer(lost);
  await world.runtime.advance(1000);
  assert.equal(submitted.state(), 'waits');
  world.failing.clear();
  await world.runtime.advance(1000);
  assert.equal(submitted.state(), 'done');
});

test('a submit of unknown outcome before which somebody else has ended it is refused', async () => {
  const world = await prepared();
  const request = world.hold('commit', 'request');
  const submitted = watched(world.engine.submit(askedTcc('g'), false));
  await world.runtime.settle();
  await changeElsewhere(world, 'failed');
  request(lost);
  await world.runtime.advance(1000);
  assert.match(submitted.state(), /current status 'failed'/);
});

test('an abort of unknown outcome that another node has ended is done', async () => {
  const world = await prepared();
  const answer = world.hold('commit', 'answer');
  const aborted = watched(world.engine.abort('g', 'tcc', 'because'));
  await world.runtime.settle();
  await changeElsewhere(world, 'failed');
  answer(lost);
  await world.runtime.advance(1000);
  assert.equal(aborted.state(), 'done');
});

test('P7: a submit that was done, while another node only asked for something since, is driven here soon', async () => {
  const world = await prepared();
  const answer = world.hold('commit', 'answer');
  const submitted = watched(world.engine.submit(askedTcc('g'), false));
  await world.runtime.settle();
  const row = world.row('g');
  assert.equal(row.progress.status, 'submitted');
  const { owner, version, progress } = row;
  const asked = { kind: 'update', gid: 'g', token: 'of an operator', owner, progress } as const;
  await world.store.commit([{ ...asked, expectOwner: owner, expectVersion: version }]);
  answer(lost);
  await world.runtime.advance(3000);
  assert.equal(submitted.state(), 'done');
  assert.equal(world.row('g').progress.status, 'succeed');
});
