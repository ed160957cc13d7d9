/**
 * What is taken of answers is what Go's net/http and Node's strict parser both read with the same status and body, and beyond
 * that only what the corpus names. `npm run readings` writes what they read.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawAnswers } from '../../packages/server/src/caller/http/answer/corpus.ts';
import type { RawAnswer } from '../../packages/server/src/caller/http/answer/raw-answer.ts';
import { readByNode, refused } from './hostile-answers/readings/node.ts';
import { committedReadings } from './hostile-answers/readings/readings.ts';
import { stricter } from './hostile-answers/stricter.ts';

const { answers, versions } = committedReadings();

/** As the others' readings are written. */
function ourReading({ becomes }: RawAnswer): string {
  return becomes === 'not whole' || becomes.startsWith('refused: ') ? refused : becomes.replace(/!$/, '');
}

test('the readings are those of the corpus', () => {
  assert.deepEqual(
    Object.keys(answers),
    rawAnswers.map(({ bytes }) => bytes),
    'run `npm run readings` and commit readings.json',
  );
});

test('what is taken both others read in the same way, but for what is tolerated by name', () => {
  for (const answer of rawAnswers) {
    const ours = ourReading(answer);
    if (ours === refused) continue;
    const { go, node } = answers[answer.bytes] ?? {};
    const isSame = go === ours && node === ours;
    assert.equal(answer.tolerated === undefined, isSame, `${JSON.stringify(answer)}: Go ${go}, Node ${node}`);
    // What is tolerated the others may refuse, and never read in another way.
    assert.ok([ours, refused].includes(go ?? '') && [ours, refused].includes(node ?? ''), JSON.stringify(answer));
  }
});

test('what both others take in the same way is taken, or there is a reason', () => {
  const used = new Set<string>();
  for (const answer of rawAnswers) {
    const { go = refused, node } = answers[answer.bytes] ?? {};
    if (go === refused || go !== node || ourReading(answer) !== refused) continue;
    const why = answer.becomes.replace('refused: ', '');
    assert.ok(stricter.has(why), `${JSON.stringify(answer)}: both read ${go}`);
    used.add(why);
  }
  assert.deepEqual([...stricter.keys()].toSorted(), [...used].toSorted(), 'a reason that nothing needs any more');
});

test('this Node reads them as it did', async () => {
  if (process.version !== versions.node) return;
  const now = await readByNode(rawAnswers.map(({ bytes }) => bytes));
  for (const [index, { bytes }] of rawAnswers.entries()) {
    assert.equal(now[index], answers[bytes]?.node, JSON.stringify(bytes));
  }
});
