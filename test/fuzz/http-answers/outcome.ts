import assert from 'node:assert/strict';
import type { AnswerParser } from '../../../packages/server/src/caller/http/answer/parser.ts';

/** What becomes of an answer. Which of several faults is named depends on what has come, so that it does not count. */
export interface Outcome {
  readonly kind: 'taken' | 'refused' | 'not whole';
  readonly status: number;
  readonly body: string;
  /** It ends where the bytes end, and the connection is kept for the next call. */
  readonly isKept: boolean;
}

/** @param pieces as they arrive, in a buffer that the next one overwrites; then the connection ends */
export function outcomeOf(parser: AnswerParser, pieces: readonly Buffer[]): Outcome {
  const shared = Buffer.alloc(4096);
  let kind: Outcome['kind'] | undefined;
  let status = 0;
  let body = '';
  let isKept = false;
  const end = (how: Outcome['kind']) => {
    assert.equal(kind, undefined, 'it ended twice');
    kind = how;
  };
  parser.expect({
    answerHead: ({ statusCode }) => {
      assert.equal(status, 0, 'a second head');
      status = statusCode;
    },
    answerBody: (bytes, from, to) => {
      assert.equal(kind, undefined, 'a body behind the end');
      body += bytes.toString('latin1', from, to);
    },
    answerEnd: (isReusable) => {
      isKept = isReusable;
      end('taken');
    },
    answerRefused: () => end('refused'),
  });
  for (const piece of pieces) {
    if (kind !== undefined) break;
    piece.copy(shared);
    parser.push(shared, piece.length);
    shared.fill('x');
  }
  if (kind === undefined && !parser.end()) end('not whole');
  parser.stop();
  // The pieces of a body that is refused later are not the same ones.
  return kind === 'taken' ? { kind, status, body, isKept } : { kind: kind ?? 'not whole', status: 0, body: '', isKept };
}
