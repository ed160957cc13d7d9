import type { Kind } from './load/kinds.ts';
import type { Slice } from './slice.ts';
import { type Spread, spread } from './statistics.ts';
import type { StoreKind } from './stores.ts';

/**
 * Which coordinator was measured, and how it was asked. `own`: on the store of the run, one, two or three of them on it;
 * `other`: of another state of the project; `bare with store`: none, but what it keeps is kept in a store of that kind.
 */
export type Subject =
  | 'own'
  | 'own, two'
  | 'own, three'
  | 'own, no wait'
  | 'memory'
  | 'bare with store'
  | 'other'
  | 'bare';

/** As the tables call it. */
export function nameOf(subject: Subject, store: StoreKind): string {
  switch (subject) {
    case 'own':
      return store;
    case 'own, two':
      return `${store}, by two`;
    case 'own, three':
      return `${store}, by three`;
    case 'own, no wait':
      return `${store}, no wait`;
    case 'bare with store':
      return store === 'sqlite' ? 'bare with log' : 'bare with SQL';
    default:
      return subject;
  }
}

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
