import { atLeast, atMost, type Budget, below, level, startUpMs } from '../budget.ts';

export interface GrowthFigures {
  /** With the finished transactions stored, to none. */
  readonly throughput: number;
  readonly claimTime: number;
  readonly startMs: number;
}

export function growthBudgets({ throughput, claimTime, startMs }: GrowthFigures): Budget[] {
  return [
    atLeast('throughput of the grown store to the empty one', level, throughput),
    atMost('claim time, likewise', 2 - level, claimTime),
    below('exec to first 200, grown (ms)', startUpMs, startMs),
  ];
}
