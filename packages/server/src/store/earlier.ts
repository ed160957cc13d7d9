import type { Definition, Progress } from '@holdfast/core';

/** The clock that gave times after `afterMs` was ahead by `byMs`. */
export interface ClockMistake {
  readonly afterMs: number;
  readonly byMs: number;
}

/** What was written by a clock that was ahead, as if it had not been. Undefined: nothing of it was. */
export function earlier(
  { createdMs, ...definition }: Definition,
  progress: Progress,
  mistake: ClockMistake,
): { readonly definition: Definition; readonly progress: Progress } | undefined {
  const { submittedMs, updatedMs, finishedMs, dueMs, attempts, operatorDecisions } = progress;
  const right = (ms: number) => (ms > mistake.afterMs ? ms - mistake.byMs : ms);
  if ([createdMs, updatedMs, finishedMs].every((ms) => right(ms) === ms)) return undefined;
  return {
    definition: { ...definition, createdMs: right(createdMs) },
    progress: {
      ...progress,
      submittedMs: right(submittedMs),
      updatedMs: right(updatedMs),
      finishedMs: right(finishedMs),
      // It was counted from one of these times. Where it was not, it is due at once, and looked at in vain.
      dueMs: right(dueMs),
      attempts: attempts.map((attempt) => ({ ...attempt, atMs: right(attempt.atMs) })),
      ...(operatorDecisions !== undefined && {
        operatorDecisions: operatorDecisions.map((decision) => ({ ...decision, atMs: right(decision.atMs) })),
      }),
    },
  };
}
