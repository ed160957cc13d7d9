import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reading } from './node.ts';

/** What others read of each answer of the corpus, as it is committed. */
export interface Readings {
  /** Of Go and of Node. */
  readonly versions: { readonly go: string; readonly node: string };
  /** By the bytes of the answer, one character a byte. */
  readonly answers: Readonly<Record<string, { readonly go: Reading; readonly node: Reading }>>;
}

const path = join(import.meta.dirname, 'readings.json');

export function committedReadings(): Readings {
  if (!existsSync(path)) return { versions: { go: 'none', node: 'none' }, answers: {} };
  return JSON.parse(readFileSync(path, 'utf8'));
}

export function commitReadings(readings: Readings): void {
  writeFileSync(path, `${JSON.stringify(readings, undefined, 2)}\n`);
}
