import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SentAnswer } from '../../engine/ports.ts';
import { callOf, messageOf, sender, service, until } from '../testing/services.ts';

/** Sends it; `mayGo` is asked when it is about to be written. */
function sent(url: string, mayGo: () => boolean) {
  const answers: SentAnswer[] = [];
  const cuttable = sender.send({ call: callOf(url), mayGo, ended: (answer) => answers.push(answer) });
  return { answers, cuttable };
}

test('calls are asked whether they may go when they are written, at the end of the round, in their order', async () => {
  const { url, seen } = await service((_request, response) => response.end('SUCCESS'));
  const asked: string[] = [];
  const calls = ['a', 'b', 'c'].map((name) => sent(`${url}/${name}`, () => asked.push(name) > 0));
  await Promise.resolve();
  assert.deepEqual(asked, []);
  await until(() => calls.every(({ answers }) => answers.length === 1));
  assert.deepEqual(asked, ['a', 'b', 'c']);
  assert.equal(seen.length, 3);
});

test('one that is cut in the round in which it was asked for is withdrawn, and the others go', async () => {
  const { url, seen } = await service((_request, response) => response.end('SUCCESS'));
  let wasAsked = false;
  const first = sent(`${url}/first`, () => (wasAsked = true));
  const second = sent(`${url}/second`, () => true);
  first.cuttable.cut();
  await until(() => second.answers.length === 1 && first.answers.length === 1);
  assert.deepEqual([first.answers[0]?.health, second.answers[0]?.health, wasAsked], ['withdrawn', 'ok', false]);
  assert.deepEqual(
    seen.map(({ url }) => url?.split('?')[0]),
    ['/second'],
  );
});

test('a defect ends one call, and the others go', async () => {
  const { url, seen } = await service((_request, response) => response.end('SUCCESS'));
  const before = sent(url, () => true);
  await until(() => before.answers.length === 1);
  const broken = sent(`${url}/broken`, () => {
    throw new Error('a defect');
  });
  const whole = sent(`${url}/whole`, () => true);
  await until(() => whole.answers.length === 1 && broken.answers.length === 1);
  const [answer] = broken.answers;
  assert.ok(answer !== undefined);
  assert.equal(messageOf(answer), 'the call could not be made: a defect');
  assert.equal(whole.answers[0]?.outcome.kind, 'success');
  assert.equal(seen.length, 2);
});
