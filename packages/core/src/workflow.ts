import type { Decision } from './decision.ts';
import { queryOperation } from './fact.ts';
import type { InFlight } from './operator.ts';
import type { Transaction } from './transaction.ts';

/**
 * The workflow's own process runs it and says how it ends. Should nothing be heard of it for one retry interval, its
 * callback is called, until it has ended.
 */
export function decideWorkflow({ progress }: Transaction, inFlight: InFlight, nowMs: number): Decision {
  if (inFlight.has(queryOperation)) {
    return { kind: 'wait', untilMs: Number.POSITIVE_INFINITY, within: true, rule: 'in-flight' };
  }
  if (nowMs < progress.dueMs) {
    return { kind: 'wait', untilMs: progress.dueMs, within: false, rule: 'workflow-runs' };
  }
  return { kind: 'call', operations: [queryOperation], rule: 'workflow-callback' };
}

/**
 * Whether what somebody else wrote in between was a sign of life: it puts the callback off by one interval. Whoever makes
 * a transaction due never puts it off.
 */
export function wasAlive(before: Transaction, { definition, progress }: Transaction): boolean {
  if (definition.type !== 'workflow' || progress.dueMs <= before.progress.dueMs) return false;
  return progress.dueMs === progress.updatedMs + progress.intervalMs;
}
