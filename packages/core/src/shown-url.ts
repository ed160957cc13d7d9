/**
 * How URLs are shown. A URL of a branch may hold secrets: `https://user:password@host/pay?signature=...`. The service gets
 * all of it; texts for people do not. Both functions take any text, also what is no URL.
 */

/** User and password, with the `@`: from the scheme to the last `@` before path, query or fragment. */
const userinfo = /^((?:[a-z][a-z0-9+.-]*:)?\/\/|)[^/?#\\]*@/i;

/** Where an operator reads a definition: all but user and password. */
export function withoutUserinfo(url: string): string {
  return url.replace(userinfo, '$1');
}

/** In reasons, answers to clients, alerts and the log: also without query and fragment. A query is shown as `?...`. */
export function shownUrl(url: string): string {
  return withoutUserinfo(url).replace(/#.*$/s, '').replace(/\?.+$/s, '?...');
}
