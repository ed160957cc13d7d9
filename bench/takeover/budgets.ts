import { atMost, type Budget, below } from '../budget.ts';

export interface TakeoverSeconds {
  /** Until half of them were called again: median over the takeovers. */
  readonly half: number;
  /** Until all were, in the slowest takeover. */
  readonly all: number;
}

export function takeoverBudgets({ half, all }: TakeoverSeconds): Budget[] {
  return [below('called again, half of them (s)', 6, half), atMost('called again, all of them (s)', 7, all)];
}
