import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BranchCall, SentAnswer } from '../engine/ports.ts';
import { sendingCall, uncut } from '../engine/testing/calls.ts';
import type { Fault } from '../transport/http/routes/dev-routes.ts';
import { Activity } from './activity.ts';
import { Faults } from './faults.ts';
import { FaultySender } from './faulty-sender.ts';
import { ManualClockRuntime } from './manual-clock-runtime.ts';

const url = 'http://service/action';
const call: BranchCall = {
  ...{ gid: 'g', type: 'saga', branchId: '01', op: 'action', url, protocol: 'http', payload: '', headers: {} },
  timeoutMs: 3000,
};
const good: SentAnswer = { outcome: { kind: 'success' }, durationMs: 1, health: 'ok' };

function world(...given: Fault[]) {
  const activity = new Activity();
  const runtime = new ManualClockRuntime(activity, () => 'id');
  const faults = new Faults();
  for (const fault of given) faults.add(fault);
  const reached: BranchCall[] = [];
  const answers: SentAnswer[] = [];
  const sender = new FaultySender({
    sender: {
      send: (sending) => {
        reached.push(sending.call);
        sending.mayGo();
        setImmediate(() => sending.ended(good));
        return uncut;
      },
    },
    ...{ runtime, activity, faults },
  });
  const rest = () => activity.rest({ deadlineMs: performance.now() + 5000, callMs: Number.POSITIVE_INFINITY });
  const send = async (sent = call) => {
    sender.send(sendingCall(sent, (answer) => answers.push(answer)));
    await rest();
  };
  const moveTo = async (nowMs: number) => {
    runtime.moveTo(nowMs);
    await rest();
  };
  return { activity, faults, reached, answers, send, moveTo };
}

const fault = (kind: 'delay' | 'drop-before' | 'drop-after', more: { delayMs?: number; times?: number } = {}) =>
  ({ kind, url, times: 1, delayMs: 0, ...more }) satisfies Fault;

test('a call of another URL is sent as it is, and a fault counts down to nothing', async () => {
  const { answers, faults, reached, send } = world(fault('drop-before', { times: 2 }), fault('drop-after'));
  await send({ ...call, url: `${url}?a=1` });
  assert.deepEqual([answers, reached.length], [[good], 1]);
  for (const left of [2, 1, 0]) {
    await send();
    assert.equal(faults.all.length, left);
  }
  assert.equal(reached.length, 2, 'the dropped answer was given by the service');
  assert.deepEqual(
    answers.slice(1).map(({ outcome, health }) => [outcome.kind, health]),
    [
      ['error', 'unavailable'],
      ['error', 'unavailable'],
      ['error', 'unavailable'],
    ],
  );
});

test('a status is judged as one that a service gives', async () => {
  const statuses = [200, 409, 425, 500, 503];
  const { answers, reached, send } = world(
    ...statuses.map((status): Fault => ({ kind: 'status', url, times: 1, delayMs: 0, status, body: '' })),
  );
  for (const _ of statuses) await send();
  assert.deepEqual(
    answers.map(({ outcome, health }) => `${outcome.kind} ${health}`),
    ['success ok', 'failure ok', 'ongoing ok', 'error ok', 'error unavailable'],
  );
  assert.deepEqual(reached, []);
});

test('a delayed answer comes on the manual clock, and not after the time-out of its call', async () => {
  const { activity, answers, send, moveTo } = world(
    fault('delay', { delayMs: 2000 }),
    fault('delay', { delayMs: 3000 }),
  );
  await send();
  assert.deepEqual([answers, activity.inCall], [[], ['g']]);
  await moveTo(1999);
  assert.equal(answers.length, 0);
  await moveTo(2000);
  assert.deepEqual(answers[0], { ...good, durationMs: 2000 });
  await send();
  await moveTo(5000);
  const late = answers.slice(1).map(({ outcome, durationMs }) => [outcome.kind, durationMs]);
  assert.deepEqual(late, [['error', 3000]]);
  assert.ok(activity.isIdle);
});

test('there is a limit, and faults of one URL can be cleared alone', () => {
  const faults = new Faults();
  faults.add({ ...fault('drop-after'), url: 'http://other' });
  for (let at = 1; at < 1000; at += 1) faults.add(fault('drop-before'));
  assert.throws(() => faults.add(fault('delay')), /faults: must be at most 1000/);
  faults.clear(url);
  assert.deepEqual(
    faults.all.map((left) => left.url),
    ['http://other'],
  );
  faults.clear();
  assert.deepEqual(faults.all, []);
});
