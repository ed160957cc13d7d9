import { shownUrl } from '@holdfast/core';
import type { AnswerHead } from './answer/head.ts';
import { type HttpTarget, httpTargetOf } from './target.ts';

/** What an answer asks for: to go on at `target`; not to be followed, and why; or nothing. */
export type Redirect =
  | { readonly kind: 'followed'; readonly target: HttpTarget }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'none' };

/**
 * Redirects lead on within the origin, and from http to https of the same host. Anybody else has not been asked: the
 * answer of a login page must not stand for that of the branch.
 * @param from where the call went
 */
export function redirectOf({ statusCode, location }: AnswerHead, method: 'GET' | 'POST', from: HttpTarget): Redirect {
  if (statusCode < 301 || statusCode > 308 || statusCode === 304 || statusCode === 305 || statusCode === 306)
    return none;
  if (location === undefined) return refused('a redirect that does not say where to');
  const to = locationOf(location, from);
  if (to === undefined) return refused('a redirect to what is no http:// or https:// URL');
  // The two words mean an outcome to whoever is told of it.
  const shown = shownUrl(to.origin + to.path).replace(/FAILURE|ONGOING/g, '...');
  if (statusCode < 307 && method !== 'GET') {
    return refused(`a redirect to ${shown}, which is not followed because only 307 and 308 ask for a POST there`);
  }
  if (!isTrusted(from, to)) {
    return refused(
      `a redirect to ${shown}, which is not followed: it leads to another origin. Give the branch the URL that answers itself`,
    );
  }
  // A relative URL keeps the user and password of the first.
  return { kind: 'followed', target: to.authorization === '' ? { ...to, authorization: from.authorization } : to };
}

const none: Redirect = { kind: 'none' };

function refused(reason: string): Redirect {
  return { kind: 'refused', reason };
}

function isTrusted(from: HttpTarget, to: HttpTarget): boolean {
  return to.origin === from.origin || (to.place.isTls && !from.place.isTls && to.place.host === from.place.host);
}

/** @param location one character a byte, as it came */
function locationOf(location: string, from: HttpTarget): HttpTarget | undefined {
  const text = location.replace(
    /[^!-~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  if (/^https?:\/\//i.test(text)) return httpTargetOf(text);
  if (/^\/(?![/\\])/.test(text)) return httpTargetOf(from.origin + text);
  const resolved = URL.parse(text, from.origin + from.path);
  return resolved === null ? undefined : httpTargetOf(resolved.href);
}
