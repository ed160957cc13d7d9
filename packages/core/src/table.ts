/**
 * An immutable table from small whole numbers to values. A change copies one chunk and the list of chunks, so that a
 * thousand changes to a table of ten thousand entries do not copy ten million entries.
 */
export interface Table<Value> {
  /** How many entries it has. */
  readonly size: number;
  readonly chunks: readonly (readonly (Value | undefined)[] | undefined)[];
}

const chunkBits = 6;
const chunkMask = (1 << chunkBits) - 1;

export const emptyTable: Table<never> = { size: 0, chunks: [] };

export function tableOf<Value>(values: readonly Value[]): Table<Value> {
  const chunks: (readonly Value[])[] = [];
  for (let from = 0; from < values.length; from += chunkMask + 1) chunks.push(values.slice(from, from + chunkMask + 1));
  return { size: values.length, chunks };
}

export function lookUp<Value>(table: Table<Value>, index: number): Value | undefined {
  return table.chunks[index >> chunkBits]?.[index & chunkMask];
}

/** The table with one entry set. `index` is a whole number from 0. */
export function withEntry<Value>(table: Table<Value>, index: number, value: Value): Table<Value> {
  const at = index >> chunkBits;
  const chunks = table.chunks.slice();
  while (chunks.length < at) chunks.push(undefined);
  const chunk = (chunks[at] ?? []).slice();
  const isNew = chunk[index & chunkMask] === undefined;
  while (chunk.length < (index & chunkMask)) chunk.push(undefined);
  chunk[index & chunkMask] = value;
  chunks[at] = chunk;
  return { size: table.size + (isNew ? 1 : 0), chunks };
}
