import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { damaged } from '../codec.ts';
import type { StoreError } from '../store.ts';

/** A row as an array, in the order of the columns asked for. */
export type Row = readonly SQLOutputValue[];

/** A column that a statement of ours always gives as a whole number; anything else is a damaged row. */
export function numberAt(row: Row, index: number): number {
  const value = row[index];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw unexpected(index, value);
}

export function numberOrNullAt(row: Row, index: number): number | null {
  return row[index] === null ? null : numberAt(row, index);
}

export function textAt(row: Row, index: number): string {
  const value = row[index];
  if (typeof value === 'string') return value;
  throw unexpected(index, value);
}

export function textOrNullAt(row: Row, index: number): string | null {
  return row[index] === null ? null : textAt(row, index);
}

export function storedAt(row: Row, index: number): string | Uint8Array {
  const value = row[index];
  return value instanceof Uint8Array ? value : textAt(row, index);
}

/**
 * For statements over many rows, where a column only orders, limits or names: one damaged row must not keep the others
 * from being read. Whoever reads that row whole is told.
 */
export function roughNumberAt(row: Row, index: number): number {
  const value = row[index];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}

export function roughTextAt(row: Row, index: number): string {
  const value = row[index];
  return typeof value === 'string' ? value : '';
}

/** The first column of the only row. */
export function readNumber(db: DatabaseSync, sql: string): number {
  return numberAt(Object.values(db.prepare(sql).get() ?? {}), 0);
}

export function readText(db: DatabaseSync, sql: string): string {
  return textAt(Object.values(db.prepare(sql).get() ?? {}), 0);
}

function unexpected(index: number, value: unknown): StoreError {
  return damaged('row', `its value ${index + 1} is ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'missing';
  if (typeof value === 'string') return 'a text';
  return value instanceof Uint8Array ? 'bytes' : 'a number that cannot be';
}
