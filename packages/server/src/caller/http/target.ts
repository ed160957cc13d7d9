import { memorable, Recent } from '@holdfast/core';
import type { BranchCall } from '../../engine/ports.ts';

/** A service and a path of it: what depends on a URL alone, without its query. */
export interface HttpPlace {
  /** Scheme, host and port, in their usual spelling. */
  readonly origin: string;
  /** Of the host alone: an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The host, and the port where it is not the usual one: for the Host header. */
  readonly authority: string;
  /** As it stands in the URL, byte for byte; only what HTTP cannot carry is percent-encoded. */
  readonly path: string;
}

/** Where an HTTP request goes. */
export interface HttpTarget {
  readonly place: HttpPlace;
  readonly origin: string;
  /** The path with query, without fragment. */
  readonly path: string;
  /** Value of an Authorization header, from user and password in the URL; empty without. */
  readonly authorization: string;
}

/** Undefined where the text is not an absolute http or https URL. */
export function httpTargetOf(url: string): HttpTarget | undefined {
  const name = memorable(url);
  const place = name === undefined ? placeOf(url) : places.of(name);
  if (place === 'none') return undefined;
  const query = queryOf(url);
  return {
    place,
    origin: place.origin,
    path: query === '' ? place.path : place.path + carried(query),
    authorization: name === undefined ? authorizationOf(url) : '',
  };
}

const places = new Recent(placeOf);

/** Scheme, what stands before the path, and the path. */
const form = /^https?:\/\/([^/?#\\]+)([^?#]*)/i;

function placeOf(url: string): HttpPlace | 'none' {
  const [, authority = '', path = ''] = form.exec(url) ?? [];
  const parsed = authority === '' ? null : URL.parse(url);
  if (parsed === null || parsed.hostname === '') return 'none';
  const { origin, protocol, hostname, port, host } = parsed;
  const isTls = protocol === 'https:';
  return {
    origin,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    isTls,
    authority: host,
    path: path.startsWith('/') ? carried(path) : `/${carried(path)}`,
  };
}

/** With its question mark; empty without. */
function queryOf(url: string): string {
  const begin = url.indexOf('?');
  if (begin < 0) return '';
  const fragment = url.indexOf('#');
  if (fragment < 0) return url.slice(begin);
  return fragment < begin ? '' : url.slice(begin, fragment);
}

/** A request line holds visible ASCII. All of that stays as it is: what it means is for the service to say. */
function carried(text: string): string {
  return /^[!-~]*$/.test(text) ? text : text.replace(/[^!-~]+/g, (other) => encodeURIComponent(other.toWellFormed()));
}

function authorizationOf(url: string): string {
  const { username, password } = URL.parse(url) ?? { username: '', password: '' };
  if (username === '' && password === '') return '';
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
