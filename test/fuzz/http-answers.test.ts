/**
 * Answers of services that are nearly right. Each has one outcome, however it is cut. What is taken Node's parser reads in
 * the same way; it may refuse only what is tolerated by name. Where a connection is kept, the next answer is read as itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerParser } from '../../packages/server/src/caller/http/answer/parser.ts';
import { readInMemory } from '../faults/hostile-answers/readings/in-memory.ts';
import { refused } from '../faults/hostile-answers/readings/node.ts';
import { Random } from '../lib/random.ts';
import { mutated } from './http-answers/mutated.ts';
import { type Outcome, outcomeOf } from './http-answers/outcome.ts';
import { fuzz } from './slice.ts';

const parser = new AnswerParser(1000);
const next = Buffer.from('HTTP/1.1 203 x\r\nContent-Length: 4\r\n\r\nnext');

test('answers have one outcome, which Node agrees with, and are not read into one another', () =>
  fuzz('answers', async (seed) => {
    const random = new Random(seed);
    const bytes = mutated(random);
    const text = bytes.toString('latin1');
    const whole = outcomeOf(parser, [bytes]);
    const cut = outcomeOf(parser, inPieces(bytes, random));
    assert.deepEqual(said(cut), said(whole), JSON.stringify(text));
    if (whole.kind !== 'taken') return;
    await compare(whole, bytes);
    if (!whole.isKept) return;
    const { kind, status, body } = outcomeOf(parser, [next]);
    assert.deepEqual([kind, status, body], ['taken', 203, 'next'], JSON.stringify(text));
  }));

/** Whether bytes follow is known only where they come together. */
function said({ kind, status, body }: Outcome): Omit<Outcome, 'isKept'> {
  return { kind, status, body };
}

function inPieces(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const to = at + 1 + random.whole(0, random.chance(0.05) ? 200 : 3);
    pieces.push(bytes.subarray(at, to));
    at = to;
  }
  return pieces;
}

async function compare({ status, body, isKept }: Outcome, bytes: Buffer): Promise<void> {
  const text = bytes.toString('latin1');
  const node = await readInMemory([bytes]);
  if (node === refused) assert.ok(isTolerated(text), `Node refuses ${JSON.stringify(text)}`);
  else assert.equal(`${status} ${body}`, node, JSON.stringify(text));
  // The end is where Node has it: without its last byte the answer is not whole.
  if (isKept && node !== refused)
    assert.equal(await readInMemory([bytes.subarray(0, -1)]), refused, JSON.stringify(text));
}

/** Any 1xx, equal lengths, bare line feeds. */
function isTolerated(text: string): boolean {
  const lengths = text.match(/^content-length:/gim) ?? [];
  return /^HTTP\/1\.[01] 1\d\d/m.test(text) || lengths.length > 1 || /(^|[^\r])\n/.test(text);
}
