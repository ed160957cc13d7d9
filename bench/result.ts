import type { Kind } from './load/kinds.ts';
import type { Slice } from './slice.ts';
import { type Spread, spread } from './statistics.ts';

/** Which coordinator was measured, and how it was asked. `other`: of another state of the project. */
export type Subject = 'sqlite' | 'memory' | 'bare with log' | 'other' | 'sqlite, no wait' | 'bare';

/** The slices of one process under one load, in the order of the repetitions. */
export interface Line {
  readonly kind: Kind;
  readonly inFlight: number;
  readonly subject: Subject;
  readonly slices: readonly Slice[];
}

export type Lines = readonly Line[];

export function lineOf(lines: Lines, kind: Kind, inFlight: number, subject: Subject): Line | undefined {
  return lines.find((line) => line.kind === kind && line.inFlight === inFlight && line.subject === subject);
}

export function figure({ slices }: Line, key: keyof Slice): Spread {
  return spread(slices.map((slice) => slice[key]));
}

/** Of slices of the same repetition, which followed each other. Undefined where one of both was not measured. */
export function ratio(line: Line | undefined, other: Line | undefined, key: keyof Slice): Spread | undefined {
  if (line === undefined || other === undefined) return undefined;
  return spread(line.slices.map((slice, index) => slice[key] / (other.slices[index]?.[key] ?? Number.NaN)));
}
