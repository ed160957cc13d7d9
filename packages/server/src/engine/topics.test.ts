import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../store/store.ts';
import { noNames } from './targets.ts';
import { EngineWorld } from './testing/engine-world.ts';
import { Topics } from './topics.ts';

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

test('however many subscribe at once, each is subscribed after one write; what is refused holds up nobody', async () => {
  const { engine, store } = await new EngineWorld().start();
  const urls = Array.from({ length: 500 }, (_, index) => `http://h/${index}`);
  const twice = (url: string) => engine.topics.subscribe('t', { url, remark: '' });
  const ends = await Promise.allSettled([...urls, ...urls].map(twice));
  assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, urls.length);
  const record = await store.getValue('topics', 't');
  assert.equal(record?.version, urls.length);
  const subscribers: readonly { readonly url: string }[] = JSON.parse(record?.value ?? '');
  assert.deepEqual(
    subscribers.map(({ url }) => url),
    urls,
  );
});

test('beyond what may wait for one topic, who subscribes is told to come back, and another topic is free', async () => {
  const { engine } = await new EngineWorld().start();
  const subscribed = (topic: string, index: number) =>
    engine.topics.subscribe(topic, { url: `http://h/${index}`, remark: '' });
  const asked = Array.from({ length: 1001 }, (_, index) => subscribed('t', index));
  asked.push(subscribed('other', 0));
  const refusals = (await Promise.allSettled(asked)).flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  assert.deepEqual(
    refusals.map(({ code, retryAfterMs }) => [code, retryAfterMs]),
    [['UNAVAILABLE', 500]],
  );
  await subscribed('t', 1000);
});

test('a topic that is damaged in the store is told as such, and can be deleted', async () => {
  const { engine, store } = await new EngineWorld().start();
  await store.putValue('topics', 't', '{', 0, 1);
  const subscribed = () => engine.topics.subscribe('t', { url: 'http://h/', remark: '' });
  await assert.rejects(subscribed(), { code: 'INTERNAL', message: /^topic: what is stored of it is damaged: delete/ });
  await engine.topics.delete('t');
  await subscribed();
  const { getValue } = store;
  store.getValue = () => Promise.reject(new StoreError('version', 'a stored value cannot be read'));
  await assert.rejects(subscribed(), { code: 'INTERNAL', message: /^topic: what is stored of it is damaged: delete/ });
  await engine.topics.delete('t');
  store.getValue = getValue;
  await subscribed();
});

/** A timer that does not wait. */
function soon(action: () => void): { cancel(): void } {
  setImmediate(action);
  return { cancel: () => undefined };
}

test('a change of unknown outcome is issued again until it is known, and is one change', async () => {
  const { store } = await new EngineWorld().start();
  const now = { monotonicMs: () => 0, setTimer: (_: number, action: () => void) => soon(action) };
  const topics = new Topics(store, noNames, () => 1, now);
  const { putValue, deleteValue } = store;
  const unknown = () => Promise.reject(new StoreError('unknown-outcome', 'no answer'));
  /** Done or not, the first attempt tells nothing. */
  const mumbles = (isDone: boolean) => {
    let attempts = 0;
    const told = async (write: () => Promise<boolean>) => {
      attempts += 1;
      if (attempts > 1) return write();
      if (isDone) await write();
      return unknown();
    };
    store.putValue = (...args) => told(() => putValue.apply(store, args));
    store.deleteValue = (...args) => told(() => deleteValue.apply(store, args));
  };
  const urls = async () => {
    const record = await store.getValue('topics', 't');
    const subscribers: readonly { readonly url: string }[] = JSON.parse(record?.value ?? '[]');
    return subscribers.map(({ url }) => url);
  };
  for (const isDone of [true, false]) {
    const url = `http://h/${isDone}`;
    mumbles(isDone);
    await topics.subscribe('t', { url, remark: '' });
    assert.deepEqual(await urls(), [url]);
    await assert.rejects(topics.subscribe('t', { url, remark: '' }), /this url exists/);
    mumbles(isDone);
    await topics.unsubscribe('t', url);
    assert.deepEqual(await urls(), []);
    mumbles(isDone);
    await topics.delete('t');
    assert.equal(await store.getValue('topics', 't'), undefined);
    await assert.rejects(topics.delete('t'), /no such a topic/);
  }
  // Nor is who may have been served refused because the store cannot be read then.
  const { getValue } = store;
  mumbles(true);
  let reads = 0;
  store.getValue = (...args) => {
    reads += 1;
    return reads === 2 ? Promise.reject(new StoreError('not-done', 'away')) : getValue.apply(store, args);
  };
  await topics.subscribe('t', { url: 'http://h/read', remark: '' });
  store.getValue = getValue;
  assert.deepEqual(await urls(), ['http://h/read']);
  store.putValue = () => Promise.reject(new StoreError('not-done', 'away'));
  await assert.rejects(topics.subscribe('t', { url: 'http://h/', remark: '' }), { code: 'UNAVAILABLE' });
});

test('where the store does not answer for a minute, who changes a topic is told that it is not known whether it was changed', async () => {
  const { store } = await new EngineWorld().start();
  let nowMs = 0;
  const setTimer = (delayMs: number, action: () => void) => {
    nowMs += delayMs;
    return soon(action);
  };
  const topics = new Topics(store, noNames, () => 1, { monotonicMs: () => nowMs, setTimer });
  store.putValue = () => Promise.reject(new StoreError('unknown-outcome', 'no answer'));
  const subscribed = topics.subscribe('t', { url: 'http://h/', remark: '' });
  await assert.rejects(subscribed, { code: 'UNAVAILABLE', message: /it is not known whether the topic was changed$/ });
  assert.ok(nowMs > 60_000 && nowMs < 70_000, `after ${nowMs} ms`);
});
