import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { StoreError } from '../store.ts';

/** A row as an array, in the order of the columns asked for. */
export type Row = readonly SQLOutputValue[];

/** A column that a statement of ours always gives as a number; anything else is a damaged database. */
export function numberAt(row: Row, index: number): number {
  const value = row[index];
  if (typeof value === 'number') return value;
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

/** The first column of the only row. */
export function readNumber(db: DatabaseSync, sql: string): number {
  return numberAt(Object.values(db.prepare(sql).get() ?? {}), 0);
}

export function readText(db: DatabaseSync, sql: string): string {
  return textAt(Object.values(db.prepare(sql).get() ?? {}), 0);
}

function unexpected(index: number, value: unknown): StoreError {
  const found = value === null ? 'null' : typeof value;
  return new StoreError('version', `column ${index} of a stored row is ${found}: the database is damaged or not ours`);
}
