import { atLeast, atMost, type Budget, level } from '../budget.ts';

export interface OverloadFigures {
  /** Sagas ended a second at twice what it can take, to what it can take. */
  readonly goodput: number;
  /** Refusals without Retry-After, second phases that were refused, requests that were not answered at all. */
  readonly broken: number;
  /** Where services take a second, to what the slots of their origin allow. */
  readonly slowGoodput: number;
  readonly peakMib: number;
  /** From the end of the overload until submits are answered as before; NaN: never while it was watched. */
  readonly answersSeconds: number;
}

/** What the limits on memory add up to by default, and what the process takes besides; see docs/operations.md. */
const peakMib = 1024;
const answersSeconds = 5;

export function overloadBudgets(figures: OverloadFigures): Budget[] {
  const { goodput, slowGoodput, broken } = figures;
  const answers = atMost('answers as before after the overload (s)', answersSeconds, figures.answersSeconds);
  return [
    atLeast('ended a second at twice what it can take, to the most', level, goodput),
    atLeast('likewise where services are slow, to what their slots allow', level, slowGoodput),
    { name: 'refused wrongly, or not answered', wanted: '0', found: String(broken), isMet: broken === 0 },
    atMost('peak memory (MiB)', peakMib, figures.peakMib),
    Number.isNaN(figures.answersSeconds) ? { ...answers, found: 'never' } : answers,
  ];
}
