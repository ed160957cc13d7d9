import type { ServerResponse } from 'node:http';
import { errorCatalogue, HoldfastError } from '@holdfast/core';
import type { Verdict } from '../wire/verdict.ts';
import type { UnsentAnswers } from './unsent.ts';

/** An answer before it meets a socket: handlers make these and know nothing of HTTP servers. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** 0: no Retry-After header. */
  readonly retryAfterSeconds: number;
  /** Of the `Warning` header, in ASCII; absent: no header. */
  readonly warning?: string;
}

export const jsonType = 'application/json; charset=utf-8';
export const textType = 'text/plain; charset=utf-8';

/** Made once: most answers are this one. */
export const successAnswer: Answer = answer(200, '{"dtm_result":"SUCCESS"}');
export const notFoundAnswer: Answer = answer(404, '404 page not found', 0, textType);

export function answer(status: number, body: string, retryAfterSeconds = 0, contentType = jsonType): Answer {
  return { status, contentType, body, retryAfterSeconds };
}

export function jsonAnswer(value: object): Answer {
  return answer(200, JSON.stringify(value));
}

/** How an answer is read (docs/http-api.md#how-an-answer-is-read). */
export function verdictAnswer(verdict: Verdict): Answer {
  switch (verdict.kind) {
    case 'success':
      return successAnswer;
    case 'failure':
      return answer(409, JSON.stringify({ dtm_result: 'FAILURE', message: verdict.message }));
    case 'ongoing':
      return answer(425, JSON.stringify({ dtm_result: 'ONGOING', message: verdict.message }));
    case 'error':
      return answer(500, JSON.stringify({ message: verdict.message }));
    default:
      return verdict satisfies never;
  }
}

/** What is not a HoldfastError is a defect: its text stays in the log. */
export function errorAnswer(error: unknown): Answer {
  if (!(error instanceof HoldfastError)) return answer(500, JSON.stringify({ message: errorCatalogue.INTERNAL.text }));
  const { http } = errorCatalogue[error.code];
  const outcome = error.code === 'WRONG_STATUS' ? { dtm_result: 'FAILURE' } : {};
  const body = JSON.stringify({ ...outcome, message: error.message });
  return answer(http, body, retryAfterSeconds(http, error.retryAfterMs));
}

/** Whole seconds; whoever is overloaded always says when to come back. */
export function retryAfterSeconds(status: number, retryAfterMs: number): number {
  const seconds = Math.ceil(retryAfterMs / 1000);
  return status === 429 || status === 503 ? Math.max(1, seconds) : seconds;
}

/**
 * As `errorAnswer`, but as a sentence that is no JSON. It begins with a word for the code, since that is all that dtm's
 * Go SDK tells its caller: up to 32 letters, digits and hyphens of where its decoder stopped.
 */
export function textErrorAnswer(error: unknown): Answer {
  const known = error instanceof HoldfastError ? error : new HoldfastError('INTERNAL', errorCatalogue.INTERNAL.text);
  const { http } = errorCatalogue[known.code];
  const code = known.code.toLowerCase().replaceAll('_', '-');
  return answer(http, `holdfast-${code}: ${known.message}`, retryAfterSeconds(http, known.retryAfterMs), textType);
}

/** registerBranch answers a body that is no map of strings as plain text. */
export function plainErrorAnswer(error: HoldfastError): Answer {
  return answer(errorCatalogue[error.code].http, JSON.stringify({ message: error.message }), 0, textType);
}

export interface Sending {
  /** A connection that takes nothing for this long is cut. */
  readonly sendTimeoutMs: number;
  readonly unsent: UnsentAnswers;
}

/** Writes an answer; a client that has left gets none, and one that does not read its answer is cut off. */
export function send(response: ServerResponse, given: Answer, { sendTimeoutMs, unsent }: Sending): void {
  if (response.destroyed || response.headersSent) return;
  const { status, contentType, body, retryAfterSeconds, warning } = given;
  const bytes = Buffer.byteLength(body);
  const headers: string[] = ['Content-Type', contentType, 'Content-Length', String(bytes)];
  if (retryAfterSeconds > 0) headers.push('Retry-After', String(retryAfterSeconds));
  if (warning !== undefined) headers.push('Warning', warning);
  response.writeHead(status, headers);
  response.end(body);
  if (response.writableLength === 0) return;
  unsent.hold(response.req.socket, response, bytes);
  response.setTimeout(sendTimeoutMs, () => response.destroy());
}
