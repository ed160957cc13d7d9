import type { HttpSender } from '../caller/http/http-sender.ts';
import { httpTargetOf } from '../caller/http/http-sender.ts';

/** `refused`: it answers, and does not take this one. `unavailable`: no answer, or one that says it takes nothing now. */
export type Posted =
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

export const postTimeoutMs = 5000;

/** Statuses that say nothing about what was sent. */
const unavailableStatuses: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** One POST of JSON, as calls are sent: taken by any 2xx. Never rejects, and no reason names the URL. */
export function postJson(sender: Pick<HttpSender, 'post'>, url: string, body: string): Promise<Posted> {
  if (httpTargetOf(url) === undefined) {
    const reason = 'the URL of the webhook is not an absolute http:// or https:// URL';
    return Promise.resolve({ kind: 'refused', reason });
  }
  return new Promise((resolve) => {
    sender.post({ url, body, timeoutMs: postTimeoutMs }, (posted) => {
      if (posted.kind === 'failed') resolve({ kind: 'unavailable', reason: posted.reason });
      else resolve(judged(posted.status));
    });
  });
}

function judged(status: number): Posted {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  return { kind: unavailableStatuses.has(status) ? 'unavailable' : 'refused', reason: `HTTP ${status}` };
}
