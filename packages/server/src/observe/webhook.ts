import { reasonOf } from '../caller/failure-reason.ts';
import { httpTargetOf } from '../caller/http/http-sender.ts';

/** `refused`: it answers, and does not take this one. `unavailable`: no answer, or one that says it takes nothing now. */
export type Posted =
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

export const postTimeoutMs = 5000;

/** Statuses that say nothing about what was sent. */
const unavailableStatuses: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** One POST of JSON: taken by any 2xx; a redirect is not followed. Never rejects, and no reason names the URL. */
export async function postJson(url: string, body: string): Promise<Posted> {
  const target = httpTargetOf(url);
  if (target === undefined) {
    return { kind: 'refused', reason: 'the URL of the webhook is not an absolute http:// or https:// URL' };
  }
  // fetch refuses a URL with user and password, in words that show them.
  const { origin, path, authorization } = target;
  const headers = { 'content-type': 'application/json', ...(authorization !== '' && { authorization }) };
  const signal = AbortSignal.timeout(postTimeoutMs);
  try {
    const response = await fetch(origin + path, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    if (response.ok) return { kind: 'sent' };
    return {
      kind: unavailableStatuses.has(response.status) ? 'unavailable' : 'refused',
      reason: `HTTP ${response.status}`,
    };
  } catch (error) {
    return { kind: 'unavailable', reason: wordsOf(error) };
  }
}

/** With what lies behind an error that says no more than that fetching failed. */
function wordsOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  return cause === undefined ? String(error) : `${String(error)}: ${reasonOf(cause)}`;
}
