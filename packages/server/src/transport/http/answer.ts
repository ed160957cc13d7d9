import { errorCatalogue, HoldfastError } from '@holdfast/core';
import type { Verdict } from '../wire/verdict.ts';

/** An answer before it meets a socket: handlers make these and know nothing of HTTP servers. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** 0: no Retry-After header. */
  readonly retryAfterSeconds: number;
  /** Of the `Warning` header, in ASCII; absent: no header. */
  readonly warning?: string;
  /** Of the `Allow` header; absent: no header. */
  readonly allow?: string;
}

export const jsonType = 'application/json; charset=utf-8';
export const textType = 'text/plain; charset=utf-8';

/** Made once: most answers are this one. */
export const successAnswer: Answer = answer(200, '{"dtm_result":"SUCCESS"}');
export const notFoundAnswer: Answer = answer(404, '404 page not found', 0, textType);

/** @param allow the methods that there are at this path */
export function notAllowedAnswer(allow: string): Answer {
  return { ...answer(405, `405 method not allowed: only ${allow}`, 0, textType), allow };
}

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

/**
 * Its headers, names and values in turn, as both ways in write them.
 * @param bytes of the body
 */
export function headersOf({ status, contentType, retryAfterSeconds, warning, allow }: Answer, bytes: number): string[] {
  if (status === 204) return [];
  const headers = ['Content-Type', contentType, 'Content-Length', String(bytes)];
  if (retryAfterSeconds > 0) headers.push('Retry-After', String(retryAfterSeconds));
  if (warning !== undefined) headers.push('Warning', warning);
  if (allow !== undefined) headers.push('Allow', allow);
  return headers;
}
