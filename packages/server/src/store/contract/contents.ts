import assert from 'node:assert/strict';
import type { Payload } from '@holdfast/core';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  type Case,
  claim,
  create,
  found,
  gidsOf,
  listed,
  numbers,
  ownedPages,
  put,
  startMs,
  update,
} from './fixtures.ts';

/** Gids that a careless key, pattern or statement would mix up. */
const awkwardGids = [
  'g',
  'g ',
  ' g',
  'G',
  'g:1',
  'g:10',
  'g/1',
  "g'; delete from transactions; --",
  'g"',
  'g\\',
  'g%',
  'g_',
  'g\t',
  'gé',
  'ge\u0301',
  'g\u{1f4a5}',
  'g\uffff',
  '{g}',
  'g'.repeat(128),
  '\u{1f4a5}'.repeat(64),
  'null',
  '0',
  '00',
];

const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

const payloads: readonly Payload[] = [
  '',
  '{"amount":1e2, "n":12345678901234567890 , "s":"\\u0041"}',
  'not json \r\n\0 \u{1f4a5} é',
  'lone \ud800 surrogates \udc00',
  new Uint8Array(0),
  everyByte,
  new TextEncoder().encode('{"text":"as bytes"}'),
];

/** Whatever is stored comes back as it was. */
export function testContents(test: Case): void {
  test('Q1, Q4: gids that look alike, hold quotes or any character, or are as long as allowed, stay apart', async (store) => {
    await put(
      store,
      ...awkwardGids.map((gid) => create(gid, { progress: aProgress('submitted', { dueMs: startMs }) })),
    );
    await put(
      store,
      ...awkwardGids.map((gid, index) => append(gid, [aBranch(String(index))], { whileStatus: 'submitted' })),
    );
    const stored = await store.load(awkwardGids);
    assert.deepEqual(
      stored.map((one) => one?.definition.gid),
      awkwardGids,
    );
    assert.deepEqual(
      stored.map((one) => one?.branches[0]?.branchId),
      awkwardGids.map((_, index) => String(index)),
    );
    const sorted = (gids: readonly string[]) => [...gids].sort();
    assert.deepEqual(sorted(await listed(store, { limit: 5 })), sorted(awkwardGids));
    assert.deepEqual(sorted(gidsOf((await claim(store, 'a')).claimed)), sorted(awkwardGids));
    const owned = (await ownedPages(store, 'a', 4)).flat().map(({ gid }) => gid);
    assert.deepEqual(sorted(owned), sorted(awkwardGids));
    for (const gid of awkwardGids) assert.deepEqual(await listed(store, { gid }), [gid]);
  });

  test('B12: payloads come back with their type, text by text and byte by byte', async (store) => {
    const steps = payloads.map((payload, index) => ({
      branchId: String(index),
      action: 'u',
      compensate: 'v',
      payload,
    }));
    const texts = steps.filter(({ payload }) => typeof payload === 'string');
    const definitions = [aDefinition('mixed', { steps }), aDefinition('texts', { steps: texts })];
    await put(store, ...definitions.map((definition) => create(definition.gid, { definition })));
    const branches = payloads.map((payload, index) => aBranch(String(index), { payload }));
    await put(store, append('mixed', branches));
    const [mixed, onlyTexts] = await store.load(['mixed', 'texts']);
    assert.deepEqual(mixed?.definition.steps, steps);
    assert.deepEqual(mixed.branches, branches);
    assert.deepEqual(onlyTexts?.definition.steps, texts);
    const [listedText] = (await store.list({ limit: 1, gid: 'mixed' })).transactions;
    assert.deepEqual(listedText?.definition, mixed.definition);
    const again = aDefinition('mixed', { steps: steps.toReversed() });
    await put(store, update('mixed', { definition: again }));
    assert.deepEqual((await found(store, 'mixed')).definition, again);
  });

  test('reasons, error texts, headers and custom data may be any text', async (store) => {
    const text = 'any \0 \ud800 \u{1f4a5} "\'\\ \n text';
    const definition = aDefinition('g', { customData: text, queryPrepared: text });
    const options = { ...definition.options, branchHeaders: { constructor: text, a: '' } };
    const attempt = { operation: 0, atMs: 1, durationMs: 0, outcome: 'error', reason: text } as const;
    const progress = aProgress('failed', { reason: text, attempts: [attempt] });
    await put(store, create('g', { definition: { ...definition, options }, progress }));
    const stored = await found(store, 'g');
    assert.deepEqual(stored.definition, { ...definition, options });
    assert.deepEqual(stored.progress, progress);
  });

  test('nothing at all: no steps, empty texts', async (store) => {
    const definition = aDefinition('g', { steps: [], protocol: '', customData: '' });
    const progress = aProgress('prepared', { operations: '', intervalMs: 0, dueMs: 0, updatedMs: 0 });
    await put(store, create('g', { definition, progress }));
    await put(store, append('g', []));
    await put(store, append('g', [aBranch('', { url: '', payload: '' })]));
    const stored = await found(store, 'g');
    assert.deepEqual(stored.definition, definition);
    assert.deepEqual(stored.progress, progress);
    assert.deepEqual(stored.branches, [aBranch('', { url: '', payload: '' })]);
  });

  test('Q24: sixteen megabytes in one transaction, as text, as bytes, as branches', async (store) => {
    const size = 16 * 1024 * 1024;
    const text = 'é0123456'.repeat(size / 16).slice(0, size / 2);
    const bytes = new Uint8Array(size).map((_, index) => (index * 31) & 0xff);
    const step = { branchId: '01', action: 'u', compensate: 'v' };
    const definitions = [
      aDefinition('text', { steps: [{ ...step, payload: text }] }),
      aDefinition('bytes', { steps: [{ ...step, payload: bytes }] }),
    ];
    for (const definition of definitions) await put(store, create(definition.gid, { definition }));
    await put(store, create('branches'));
    const half = bytes.slice(0, size / 2);
    await put(store, append('branches', [aBranch('01', { payload: half }), aBranch('02', { payload: half })]));
    const [asText, asBytes, asBranches] = await store.load(['text', 'bytes', 'branches']);
    assert.ok(asText?.definition.steps[0]?.payload === text);
    const back = asBytes?.definition.steps[0]?.payload;
    assert.ok(back instanceof Uint8Array && Buffer.compare(back, bytes) === 0);
    assert.equal(asBranches?.branches.length, 2);
    for (const { payload } of asBranches.branches) {
      assert.ok(payload instanceof Uint8Array && Buffer.compare(payload, half) === 0);
    }
    assert.deepEqual(gidsOf((await claim(store, 'a', { nowMs: startMs + 10_000, maxBytes: 1 })).claimed).length, 1);
    assert.equal((await listed(store, {})).length, 3);
  });

  test('Q33: ten thousand operations', async (store) => {
    const steps = numbers(10_000).map((index) => ({
      branchId: String(index),
      action: 'u',
      compensate: '',
      payload: '',
    }));
    const definition = aDefinition('steps', { steps });
    const progress = aProgress('submitted', { operations: 'pmsf'.repeat(5000), retries: { 0: 1, 9999: 2 } });
    await put(store, create('steps', { definition, progress }), create('branches'));
    const branches = numbers(10_000).map((index) => aBranch(String(index)));
    await put(store, append('branches', branches.slice(0, 5000)));
    await put(store, append('branches', branches.slice(5000)));
    const [withSteps, withBranches] = await store.load(['steps', 'branches']);
    assert.deepEqual(withSteps?.definition, definition);
    assert.deepEqual(withSteps.progress, progress);
    assert.deepEqual(withBranches?.branches, branches);
  });

  test('B13: times and counters up to the largest integer', async (store) => {
    const latest = Number.MAX_SAFE_INTEGER;
    // Options reach ten years.
    const latestDueMs = startMs + 11 * 365 * 24 * 3_600_000;
    const definition = aDefinition('g', { createdMs: latest });
    const progress = aProgress('submitted', {
      dueMs: latestDueMs,
      updatedMs: latest,
      submittedMs: latest,
      attemptCount: latest,
      intervalMs: latest,
    });
    await put(
      store,
      create('g', { definition, progress }),
      create('zero', { definition: aDefinition('zero', { createdMs: 0 }) }),
    );
    const stored = await found(store, 'g');
    assert.deepEqual([stored.definition, stored.progress], [definition, progress]);
    assert.deepEqual(await listed(store, { createdFromMs: latest }), ['g']);
    assert.equal((await claim(store, 'a', { nowMs: startMs + 10_000 })).nextDueMs, latestDueMs);
    assert.deepEqual(gidsOf((await claim(store, 'a', { nowMs: latest })).claimed), ['g']);
    await put(
      store,
      update('zero', { expectOwner: 'a', expectVersion: 2, progress: aProgress('failed', { finishedMs: latest }) }),
    );
    assert.equal(await store.purge(latest, 10), 0);
  });
}
