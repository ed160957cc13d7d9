import type { IncomingMessage } from 'node:http';
import type { HoldfastError } from '@holdfast/core';
import { addChunk } from '../../chunks.ts';
import type { Bodies } from '../bodies.ts';
import { contentLengthOf } from '../content-length.ts';

/** A body that says itself that it is too large. What has no length that can be read is found out by reading it. */
export function saysTooLong(request: IncomingMessage, bodies: Bodies): boolean {
  const text = request.headers['content-length'];
  if (text === undefined) return false;
  const length = contentLengthOf(text);
  return length === undefined || bodies.isTooLong(length);
}

interface BodyTaker {
  readonly bodies: Bodies;
  /** A body has come in whole: it is taken at once, or when its turn comes. */
  takeBody(bytes: number, take: () => void): void;
}

/**
 * Calls `done` once, with the body or with why it is refused; never if the client leaves before. A refused body is not
 * read further. The bytes count against the budget until `done` returns, so it must not keep them.
 */
export function readBody(
  request: IncomingMessage,
  taker: BodyTaker,
  done: (body: Buffer | HoldfastError) => void,
): void {
  const { bodies } = taker;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const settle = (result: Buffer | HoldfastError | undefined) => {
    request.off('data', take).off('end', end).off('close', left);
    try {
      if (result !== undefined) done(result);
    } finally {
      bodies.release(bytes);
    }
  };
  const take = (chunk: Buffer) => {
    bytes += chunk.length;
    bodies.hold(chunk.length);
    addChunk(chunks, chunk);
    if (bodies.isTooLong(bytes)) settle(bodies.tooLarge());
    else if (bodies.isOverBudget) settle(bodies.overBudget());
  };
  const end = () => {
    // node says so of every request that has come in whole.
    request.off('close', left);
    taker.takeBody(bytes, () => {
      settle(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes));
    });
  };
  const left = () => settle(undefined);
  request.on('data', take).on('end', end).on('close', left);
}
