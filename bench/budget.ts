import type { Spread } from './statistics.ts';

/** A goal of the design: a ratio within one run where one can be had, because times change with machines and neighbours. */
export interface Budget {
  readonly name: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

/** Of ratios to what they are compared with: a tenth is noise. */
export const level = 0.9;
/** What a coordinator may need from exec to its first 200. */
export const startUpMs = 1000;

export function atLeast(name: string, limit: number, value: number | Spread): Budget {
  return { name, wanted: `>= ${limit}`, found: shown(value), isMet: middle(value) >= limit };
}

export function atMost(name: string, limit: number, value: number | Spread): Budget {
  return { name, wanted: `<= ${limit}`, found: shown(value), isMet: middle(value) <= limit };
}

export function below(name: string, limit: number, value: number | Spread): Budget {
  return { name, wanted: `< ${limit}`, found: shown(value), isMet: middle(value) < limit };
}

function middle(value: number | Spread): number {
  return typeof value === 'number' ? value : value.median;
}

/** A spread with its range, which tells how much of it is noise. */
function shown(value: number | Spread): string {
  if (typeof value !== 'number') return `${shown(value.median)} (${shown(value.low)}-${shown(value.high)})`;
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
