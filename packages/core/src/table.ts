/**
 * An immutable table from small whole numbers to values. A change copies one chunk and the list of chunks, so that a
 * thousand changes to a table of ten thousand entries do not copy ten million entries. A chunk without entries is none.
 */
export interface Table<Value> {
  /** How many entries it has. */
  readonly size: number;
  readonly chunks: readonly (readonly (Value | undefined)[] | undefined)[];
}

const chunkBits = 6;
const chunkMask = (1 << chunkBits) - 1;

export const emptyTable: Table<never> = { size: 0, chunks: [] };

/** Of a list in which entries may be missing. */
export function tableOf<Value>(values: readonly (Value | undefined)[]): Table<Value> {
  const chunks: (readonly (Value | undefined)[] | undefined)[] = [];
  let size = 0;
  for (let from = 0; from < values.length; from += chunkMask + 1) {
    const chunk = values.slice(from, from + chunkMask + 1);
    const count = countOf(chunk);
    size += count;
    chunks.push(count === 0 ? undefined : chunk);
  }
  return { size, chunks };
}

export function lookUp<Value>(table: Table<Value>, index: number): Value | undefined {
  return table.chunks[index >> chunkBits]?.[index & chunkMask];
}

export function* entriesOf<Value>({ chunks }: Table<Value>): Generator<readonly [index: number, value: Value]> {
  for (const [at, chunk = []] of chunks.entries()) {
    for (const [rest, value] of chunk.entries()) {
      if (value !== undefined) yield [(at << chunkBits) | rest, value];
    }
  }
}

/** The table with one entry set. `index` is a whole number from 0. */
export function withEntry<Value>(table: Table<Value>, index: number, value: Value): Table<Value> {
  const at = index >> chunkBits;
  const chunks = table.chunks.slice();
  while (chunks.length < at) chunks.push(undefined);
  const chunk = chunks[at]?.slice() ?? [];
  while (chunk.length < (index & chunkMask)) chunk.push(undefined);
  const isNew = chunk[index & chunkMask] === undefined;
  chunk[index & chunkMask] = value;
  chunks[at] = chunk;
  return { size: table.size + (isNew ? 1 : 0), chunks };
}

/** The table with several entries set, each of them once. A chunk is copied once, however many of its entries are set. */
export function withEntries<Value>(
  table: Table<Value>,
  indexes: readonly number[],
  valueAt: (index: number, former: Value | undefined) => Value,
): Table<Value> {
  if (indexes.length === 0) return table;
  const chunks = table.chunks.slice();
  let { size } = table;
  let chunk: (Value | undefined)[] = [];
  let chunkAt = -1;
  for (const index of indexes) {
    const at = index >> chunkBits;
    if (at !== chunkAt) {
      while (chunks.length < at) chunks.push(undefined);
      chunk = chunks[at]?.slice() ?? [];
      chunks[at] = chunk;
      chunkAt = at;
    }
    while (chunk.length < (index & chunkMask)) chunk.push(undefined);
    const former = chunk[index & chunkMask];
    if (former === undefined) size += 1;
    chunk[index & chunkMask] = valueAt(index, former);
  }
  return { size, chunks };
}

/** The table without that entry. */
export function withoutEntry<Value>(table: Table<Value>, index: number): Table<Value> {
  if (lookUp(table, index) === undefined) return table;
  const chunks = table.chunks.slice();
  const chunk = chunks[index >> chunkBits]?.slice() ?? [];
  chunk[index & chunkMask] = undefined;
  chunks[index >> chunkBits] = isEmpty(chunk) ? undefined : chunk;
  return { size: table.size - 1, chunks };
}

function isEmpty(chunk: readonly unknown[]): boolean {
  for (const value of chunk) if (value !== undefined) return false;
  return true;
}

function countOf(chunk: readonly unknown[]): number {
  let count = 0;
  for (const value of chunk) if (value !== undefined) count += 1;
  return count;
}

/** All values, by ascending index. */
export function valuesOf<Value>({ chunks }: Table<Value>): Value[] {
  const values: Value[] = [];
  for (const chunk of chunks) {
    if (chunk === undefined) continue;
    for (const value of chunk) if (value !== undefined) values.push(value);
  }
  return values;
}

/** The indexes that have a value, ascending. */
export function indexesOf<Value>({ chunks }: Table<Value>): number[] {
  const indexes: number[] = [];
  for (let at = 0; at < chunks.length; at += 1) {
    const chunk = chunks[at];
    if (chunk === undefined) continue;
    for (let rest = 0; rest < chunk.length; rest += 1) {
      if (chunk[rest] !== undefined) indexes.push((at << chunkBits) | rest);
    }
  }
  return indexes;
}
