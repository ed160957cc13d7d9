import type { BranchCall } from '../../engine/ports.ts';

/** Where an HTTP request goes. */
export interface HttpTarget {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The path with query, without fragment. */
  readonly path: string;
  /** Value of an Authorization header, from user and password in the URL; empty without. */
  readonly authorization: string;
}

/**
 * Undefined where the text is not an absolute http or https URL.
 * @param base what a redirect's relative URL starts from
 */
export function httpTargetOf(url: string, base?: string): HttpTarget | undefined {
  const parsed = URL.parse(url, base);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return undefined;
  const { origin, pathname, search, username, password } = parsed;
  const authorization = username === '' && password === '' ? '' : basicAuthorization(username, password);
  return { origin, path: pathname + search, authorization };
}

function basicAuthorization(username: string, password: string): string {
  const credentials = `${percentDecoded(username)}:${percentDecoded(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % that encodes nothing: it stands for itself.
    return text;
  }
}

/** The path with what names the branch appended, in alphabetical order, after any query it has. */
export function withBranchQuery(path: string, { branchId, gid, op, type }: BranchCall): string {
  const separator = path.includes('?') ? (/[?&]$/.test(path) ? '' : '&') : '?';
  return `${path}${separator}branch_id=${encoded(branchId)}&gid=${encoded(gid)}&op=${encoded(op)}&trans_type=${encoded(type)}`;
}

/** Half of a surrogate pair cannot be encoded; it becomes the replacement character. */
function encoded(text: string): string {
  return /^[\w.~-]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
