/** Answers over HTTP made by chance of those of the corpus: each has one outcome, the same in whatever pieces it comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerParser } from '../../packages/server/src/caller/http/answer/parser.ts';
import { Random } from '../lib/random.ts';
import { mutated } from './http-answers/mutated.ts';
import { outcomeOf } from './http-answers/outcome.ts';
import { fuzz } from './slice.ts';

/** One for all, as on a connection: what one answer leaves behind would be seen in the next. */
const parser = new AnswerParser(1000);

test('an answer by chance has one outcome, the same in any pieces', () =>
  fuzz('answers over HTTP', (seed) => {
    const random = new Random(seed);
    const bytes = mutated(random);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 1) {
      pieces.push(bytes.subarray(at, at + random.whole(1, random.chance(0.05) ? 200 : 4)));
    }
    const about = `${JSON.stringify(bytes.toString('latin1'))} in ${pieces.map(({ length }) => length).join()}`;
    assert.deepEqual(outcomeOf(parser, pieces), outcomeOf(parser, [bytes]), about);
  }));
