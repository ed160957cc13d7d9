import type { Decision, Rule } from './decision.ts';
import type { Transaction } from './transaction.ts';

/**
 * Calls what is ready and not out, not tried in this run and not waiting for a retry; with none of those, waits for
 * whatever comes first. Shared by all patterns: they differ only in what is ready.
 */
export function callOrWait(
  transaction: Transaction,
  ready: readonly number[],
  inFlight: ReadonlySet<number>,
  nowMs: number,
  timeoutAtMs: number,
  rule: Rule,
): Decision {
  const { run, progress } = transaction;
  const operations: number[] = [];
  let retryAtMs = Number.POSITIVE_INFINITY;
  for (const operation of ready) {
    if (inFlight.has(operation) || run.tried.has(operation)) continue;
    const at = run.retryAtMs.get(operation) ?? 0;
    if (at <= nowMs) operations.push(operation);
    else retryAtMs = Math.min(retryAtMs, at);
  }
  if (operations.length > 0) return { kind: 'call', operations, rule };
  if (inFlight.size > 0) {
    return { kind: 'wait', untilMs: Math.min(timeoutAtMs, retryAtMs), within: true, rule: 'in-flight' };
  }
  if (retryAtMs < Number.POSITIVE_INFINITY) {
    return { kind: 'wait', untilMs: Math.min(timeoutAtMs, retryAtMs), within: true, rule: 'retry-within-run' };
  }
  return { kind: 'wait', untilMs: Math.min(timeoutAtMs, progress.dueMs), within: false, rule: 'back-off' };
}
