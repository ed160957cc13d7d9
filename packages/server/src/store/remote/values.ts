import { damaged } from '../codec.ts';

/** A row as an array, in the order of the columns asked for. */
export type Row = readonly unknown[];

/** A column that a statement of ours always gives as a whole number; anything else is a damaged row. */
export function numberAt(row: Row, index: number): number {
  const value = row[index];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw unexpected(index, value);
}

export function textAt(row: Row, index: number): string {
  const value = row[index];
  if (typeof value === 'string') return value;
  throw unexpected(index, value);
}

export function textOrNullAt(row: Row, index: number): string | null {
  return row[index] === null ? null : textAt(row, index);
}

export function bytesAt(row: Row, index: number): Uint8Array {
  const value = row[index];
  if (value instanceof Uint8Array) return value;
  throw unexpected(index, value);
}

/** For statements over many rows, where a column only orders, limits or names. */
export function roughNumberAt(row: Row, index: number): number {
  const value = row[index];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}

export function roughTextAt(row: Row, index: number): string {
  const value = row[index];
  return typeof value === 'string' ? value : '';
}

function unexpected(index: number, value: unknown) {
  return damaged(
    'row',
    `its value ${index + 1} is ${value === null || value === undefined ? 'missing' : typeof value}`,
  );
}
