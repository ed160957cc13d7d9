import { shorten } from './attempts.ts';
import type { Outcome } from './fact.ts';

/** What an outcome keeps of the answer's text, in bytes of UTF-8; the rest is cut off, after judging. */
export const outcomeMessageBytes = 4096;

/**
 * What an HTTP answer of a branch means, in this order (server.md section 5.2): 425 or the text ONGOING; 409 or the
 * text FAILURE, with any status; any status but 200 is an error, 201 and 204 included; else success.
 * @param retryAfterMs what the answer's Retry-After header asked for, 0 without one
 * @param unread why `body` is not the whole text, empty where it is. A code or a word that was seen counts; what would
 *   be a success without the missing part is an error, because that part may say otherwise.
 */
export function judgeHttp(statusCode: number, body: string, retryAfterMs: number, unread = ''): Outcome {
  if (statusCode === 425 || body.includes('ONGOING')) return { kind: 'ongoing', message: ongoingText(body) };
  if (statusCode === 409 || body.includes('FAILURE')) {
    return { kind: 'failure', message: failureText(shorten(body, outcomeMessageBytes)) };
  }
  if (statusCode === 200 && unread === '') return { kind: 'success' };
  const parts = [statusCode === 200 ? '' : `HTTP ${statusCode}`, unread, body].filter((part) => part !== '');
  return { kind: 'error', message: shorten(parts.join(': '), outcomeMessageBytes), retryAfterMs };
}

/** The text with exactly one trailing ` FAILURE`. No regular expression: a long run of blanks must not take long. */
export function failureText(text: string): string {
  let bare = text;
  for (let trimmed = bare.trimEnd(); trimmed.endsWith('FAILURE'); trimmed = bare.trimEnd()) {
    bare = trimmed.slice(0, -'FAILURE'.length).trimEnd();
  }
  return bare === '' ? 'FAILURE' : `${bare} FAILURE`;
}

/** Cut to its limit; the word that made it ongoing stays. */
function ongoingText(text: string): string {
  const short = shorten(text, outcomeMessageBytes);
  return short.length === text.length || short.includes('ONGOING') ? short : `${short} ONGOING`;
}

/** Retry-After in seconds or as an HTTP date, as milliseconds from now; 0 where it says nothing usable. */
export function parseRetryAfter(value: string | undefined, wallMs: number): number {
  if (value === undefined) return 0;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - wallMs);
}
