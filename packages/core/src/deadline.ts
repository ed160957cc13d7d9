import type { Transaction } from './transaction.ts';

type Source = Pick<Transaction, 'definition' | 'plan' | 'progress'>;

/** When time alone changes what must be done; infinity where it does not. */
export function deadlineMs({ definition, plan, progress }: Source): number {
  switch (progress.status) {
    case 'prepared':
      if (definition.type === 'workflow') return Number.POSITIVE_INFINITY;
      return definition.createdMs + plan.preparedTimeoutMs;
    case 'submitted':
      return definition.type === 'saga' && plan.timeoutMs > 0
        ? progress.submittedMs + plan.timeoutMs
        : Number.POSITIVE_INFINITY;
    case 'aborting':
    case 'succeed':
    case 'failed':
      return Number.POSITIVE_INFINITY;
    default:
      return progress.status satisfies never;
  }
}

/**
 * The due time, never later than the time-out. Past its time-out a prepared transaction has been looked at and goes on
 * from there: a message asks again by back-off, an incident is looked at from time to time.
 */
export function clipDue(source: Source, dueMs: number, nowMs: number): number {
  const untilMs = deadlineMs(source);
  return source.progress.status === 'prepared' && untilMs <= nowMs ? dueMs : Math.min(dueMs, untilMs);
}

/** When it is due if nobody touches it after its status has just changed. */
export function firstDue(source: Source, nowMs: number): number {
  const { plan, progress } = source;
  if (progress.status === 'prepared' && source.definition.type !== 'workflow') return deadlineMs(source);
  const isDelayed = progress.status === 'submitted' && plan.delayMs > 0;
  return clipDue(source, nowMs + (isDelayed ? plan.delayMs : plan.retryIntervalMs), nowMs);
}
