import { atLeast, type Budget, level } from '../budget.ts';

/** A hundred times what dtm drains on a database. */
const drainedPerSecond = 1090;

export interface RecoveryRatios {
  /** Sagas ended a second, all to fresh load on the same machine. */
  readonly rate: number;
  /** In the first second, to the first second of fresh load on a process that was just started. */
  readonly firstSecond: number;
  /** Of those whose service lives, where half of all are for a dead one. */
  readonly besideDead: number;
  /** On a database: sagas ended a second, from the first call to the last. */
  readonly perSecond?: number;
}

export function recoveryBudgets({ rate, firstSecond, besideDead, perSecond }: RecoveryRatios): Budget[] {
  return [
    atLeast('recovery against fresh load', level, rate),
    atLeast('the first second of each', level, firstSecond),
    atLeast('recovery beside a dead service against fresh load', level, besideDead),
    ...(perSecond === undefined
      ? []
      : [atLeast('ended a second, from the first to the last', drainedPerSecond, perSecond)]),
  ];
}
