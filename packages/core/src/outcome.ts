import type { Outcome } from './fact.ts';

/**
 * What an HTTP answer of a branch means, in this order (server.md section 5.2): 425 or the text ONGOING; 409 or the
 * text FAILURE, with any status; any status but 200 is an error, 201 and 204 included; else success.
 * @param retryAfterMs what the answer's Retry-After header asked for, 0 without one
 */
export function judgeHttp(statusCode: number, body: string, retryAfterMs: number): Outcome {
  if (statusCode === 425 || body.includes('ONGOING')) return { kind: 'ongoing', message: body };
  if (statusCode === 409 || body.includes('FAILURE')) return { kind: 'failure', message: failureText(body) };
  if (statusCode !== 200) return { kind: 'error', message: `HTTP ${statusCode}: ${body}`, retryAfterMs };
  return { kind: 'success' };
}

/** The text with exactly one trailing ` FAILURE`. */
export function failureText(text: string): string {
  const bare = text.replace(/(\s*FAILURE)+\s*$/, '');
  return bare === '' ? 'FAILURE' : `${bare} FAILURE`;
}

/** Retry-After in seconds or as an HTTP date, as milliseconds from now; 0 where it says nothing usable. */
export function parseRetryAfter(value: string | undefined, wallMs: number): number {
  if (value === undefined) return 0;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - wallMs);
}
