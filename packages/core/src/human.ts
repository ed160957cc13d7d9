import type { Decision } from './decision.ts';
import type { Transaction } from './transaction.ts';

/** How often an incident that nobody has ended is looked at again. */
const checkEveryMs = 3_600_000;

/** Prepared past its time, and nobody to ask: recorded once as an incident, then left to a human. */
export function needsHuman({ progress }: Transaction, nowMs: number): Decision {
  const rule = 'prepared-needs-human';
  const untilMs = nowMs + checkEveryMs;
  return progress.incident === rule
    ? { kind: 'wait', untilMs, within: false, rule }
    : { kind: 'incident', incident: rule, untilMs, rule };
}
