import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteGate } from './write-gate.ts';

test('work runs at once while the gate is free', async () => {
  const gate = new WriteGate();
  let ran = false;
  const done = gate.run(() => {
    ran = true;
    return 7;
  });
  assert.ok(ran);
  assert.equal(await done, 7);
});

test('who waits goes on in the order of asking, one holder at a time', async () => {
  const gate = new WriteGate();
  const log: string[] = [];
  let release: () => void = () => undefined;
  const held = gate.hold(
    () =>
      new Promise<void>((resolve) => {
        log.push('first held');
        release = resolve;
      }),
  );
  const first = gate.run(() => log.push('commit 1'));
  const second = gate.hold(async () => {
    log.push('second held');
    await Promise.resolve();
    log.push('second ends');
  });
  const third = gate.run(() => log.push('commit 2'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ['first held']);
  release();
  await Promise.all([held, first, second, third]);
  assert.deepEqual(log, ['first held', 'commit 1', 'second held', 'second ends', 'commit 2']);
});

test('an error is its own only: the gate is free afterwards', async () => {
  const gate = new WriteGate();
  const broken = () => {
    throw new Error('broken');
  };
  await assert.rejects(gate.run(broken), /broken/);
  const held = gate.hold(() => Promise.reject(new Error('held and broken')));
  const waiting = gate.run(broken);
  const last = gate.run(() => 'went on');
  await assert.rejects(held, /held and broken/);
  await assert.rejects(waiting, /broken/);
  assert.equal(await last, 'went on');
});
