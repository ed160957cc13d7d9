import { isUtf8 } from 'node:buffer';
import { type HoldfastError, invalid } from '@holdfast/core';

const noParameters = new URLSearchParams();
/** Names that may be told in a refusal: those of our routes look like this. */
const plainName = /^[A-Za-z_]{1,32}$/;

/**
 * The parameters of a request: those of its query, then those that are parts of its path. A refusal where one is not
 * percent-encoded UTF-8, or has NUL in it: half read, it would name something else.
 */
export function parametersOf(url: string, inPath: Readonly<Record<string, string>>): URLSearchParams | HoldfastError {
  const mark = url.indexOf('?');
  const names = Object.keys(inPath);
  if (mark === -1 && names.length === 0) return noParameters;
  const parameters = new URLSearchParams();
  const query = mark === -1 ? '' : url.slice(mark + 1);
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decoded(equals === -1 ? part : part.slice(0, equals));
    const value = decoded(equals === -1 ? '' : part.slice(equals + 1));
    if (name === undefined || value === undefined) return malformed(name);
    parameters.append(name, value);
  }
  for (const name of names) {
    const value = inPath[name] ?? '';
    if (value.includes('\0')) return malformed(name);
    parameters.set(name, value);
  }
  return parameters;
}

/** @param name undefined where that itself cannot be read */
export function malformed(name: string | undefined): HoldfastError {
  const field = name !== undefined && plainName.test(name) ? name : 'parameters';
  return invalid(field, 'must be percent-encoded UTF-8 without NUL');
}

/** Undefined where it cannot be read. Node lets nothing but ASCII through to here. */
function decoded(text: string): string | undefined {
  const spaced = text.replaceAll('+', ' ');
  if (/^[\x20-\x24\x26-\x7e]*$/.test(spaced)) return spaced;
  if (/%(?![0-9A-Fa-f]{2})/.test(spaced)) return undefined;
  const bytes = Buffer.from(
    spaced.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );
  return isUtf8(bytes) && !bytes.includes(0) ? bytes.toString('utf8') : undefined;
}
