import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineWorld } from './testing/engine-world.ts';

test('a topic takes so many subscribers as a message can read with it', async () => {
  const { engine } = await new EngineWorld().start();
  const urlOf = (index: number) => `http://h/${'x'.repeat(1900)}/${index}`;
  const subscribed = (index: number) => engine.topics.subscribe('t', { url: urlOf(index), remark: 'r'.repeat(1000) });
  let taken = 0;
  const refused = await (async () => {
    for (; taken < 1000; taken += 1) await subscribed(taken);
  })().catch((error: unknown) => error);
  assert.match(String(refused), /topic: must have at most 10000 subscribers, in at most 1048576 characters/);
  assert.ok(taken > 300);
  await engine.topics.unsubscribe('t', urlOf(0));
  await subscribed(0);
});
