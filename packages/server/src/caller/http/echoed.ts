import type { HttpTarget } from './target.ts';

/**
 * What a service says, for people: without the query and the credentials that it was asked with. Some repeat them, as the
 * 404 of a framework that names the URL.
 * @param asked the path with query that was sent, and the credentials
 * @param own the path with query of the branch's URL, which is shorter
 */
export function withoutEchoes(text: string, asked: HttpTarget, own: string): string {
  let shown = text;
  for (const query of [queryOf(asked.path), queryOf(own)]) {
    if (query.length > 1) shown = shown.replaceAll(query, '?...');
  }
  return asked.authorization === '' ? shown : shown.replaceAll(asked.authorization, '...');
}

/** With its question mark; empty where there is none. */
function queryOf(path: string): string {
  const begin = path.indexOf('?');
  return begin < 0 ? '' : path.slice(begin);
}
