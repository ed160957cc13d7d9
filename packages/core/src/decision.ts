import type { Status } from './transaction.ts';

/** Every rule that can produce a decision, by name; `explain` prints the sentence. */
export const rules = {
  final: 'The transaction is final: nothing is called any more.',
  'prepared-waits': 'Prepared: waits for submit or abort until its time-out.',
  'prepared-needs-human': 'Prepared past its time-out and nobody to ask: stays prepared until submit or abort.',
  'prepared-timeout': 'Prepared past its time-out: it is aborted.',
  'query-prepared': 'Prepared past its time-out: the query URL is asked whether the local transaction committed.',
  'query-said-success': 'The query URL said that the local transaction committed: the message is submitted.',
  'query-said-failure': 'The query URL said that the local transaction did not commit: the message is failed.',
  delay: 'The delay asked for has not passed yet.',
  forward: 'Every operation before these has succeeded: they are called.',
  'all-succeeded': 'Every operation succeeded.',
  'action-failed': 'An action answered FAILURE: what ran is compensated.',
  'saga-timeout': 'The time-out passed before all actions succeeded: what ran is compensated.',
  'retry-limit': 'An action used up its retries: what ran is compensated.',
  'rollback-asked': 'An operator asked for the rollback: what ran is compensated.',
  'not-waited-for':
    'An operator decided not to wait for the calls that are out: what they may have done is compensated 10 s after that.',
  backward: 'Everything that ran after these is compensated: their compensation is called.',
  'all-compensated': 'Everything that may have run is compensated.',
  'second-phase': 'The decision is durable: the next branch is told.',
  'second-phase-done': 'Every branch was told.',
  'workflow-runs':
    'The workflow runs by itself: it is called back when nothing was heard of it for its retry interval.',
  'workflow-callback': 'Nothing was heard of the workflow for its retry interval: its callback is called.',
  'in-flight': 'Calls are out: waits for their answers.',
  'back-off': 'The last call failed: it is made again when the retry interval has passed.',
  'answered-ongoing': 'The branch answered ONGOING: it is called again when the retry interval has passed.',
  'not-called':
    'The call was not made, because its destination does not serve or has no place free: it is tried again then.',
  'time-out-first': 'The time-out comes before the next retry: then it is rolled back.',
  due: 'It is due: a coordinator that has room takes it up.',
  'retry-within-run': 'An error within the retry limit: called again shortly.',
} as const;

export type Rule = keyof typeof rules;

/** What to do next. Exactly one thing; `rule` says why. */
export type Decision =
  /** Make this status durable before anything else happens. */
  | { readonly kind: 'move'; readonly to: Status; readonly reason: string; readonly rule: Rule }
  /** Call these operations; none of them is in flight. */
  | { readonly kind: 'call'; readonly operations: readonly number[]; readonly rule: Rule }
  /** Record that a human is needed, and look again at `untilMs`. */
  | { readonly kind: 'incident'; readonly incident: string; readonly untilMs: number; readonly rule: Rule }
  /**
   * Nothing to do before `untilMs`, the next time anything changes by itself. `within` is true where the run goes on
   * (a retry within the retry limit); otherwise, with nothing in flight, the transaction is handed back.
   */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly within: boolean; readonly rule: Rule }
  /** Final: nothing ever again. */
  | { readonly kind: 'rest'; readonly rule: Rule };
