import { HoldfastError, invalid, limits, type Status, type TransactionType } from '@holdfast/core';

const types: readonly TransactionType[] = ['saga', 'msg', 'tcc', 'xa', 'workflow'];

export function transactionType(value: string, name = 'trans_type'): TransactionType {
  const found = types.find((type) => type === value);
  if (found === undefined) throw invalid(name, `must be one of ${types.join(', ')}`);
  return found;
}

const statuses: readonly Status[] = ['prepared', 'submitted', 'aborting', 'succeed', 'failed'];

export function statusNamed(value: string): Status {
  const found = statuses.find((status) => status === value);
  if (found === undefined) throw invalid('status', `must be one of ${statuses.join(', ')}`);
  return found;
}

/** dtm removes these from a gid in an HTTP body. */
export function strippedGid(value: string): string {
  return value.replace(/[\r\n;]/g, '');
}

/** A gid or branch_id: some characters, none of them a control character, at most 128. */
export function checkedId(value: string, name: string, most: number = limits.gidCharacters): string {
  if (value === '') throw invalid(name, 'must not be empty');
  if (isLonger(value, most)) throw invalid(name, `must have at most ${most} characters`);
  if (hasControl(value)) throw invalid(name, 'must not contain control characters');
  return value;
}

/** Characters are code points, as the databases count them. */
export function isLonger(text: string, most: number): boolean {
  if (text.length <= most) return false;
  return text.length > most * 2 || [...text].length > most;
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(text);
}

export function unknownGid(): HoldfastError {
  return new HoldfastError('NOT_FOUND', 'gid: no such transaction', { field: 'gid' });
}
