import type { Status } from './transaction.ts';

/** Every rule that can produce a decision, by name; `explain` prints the sentence. */
export const rules = {
  final: 'The transaction is final: nothing is called any more.',
  'prepared-waits': 'It is prepared: it waits for submit or abort until its time-out.',
  'prepared-needs-human':
    'It is prepared past its time-out, and there is no query URL to ask: it stays prepared until submit or abort.',
  'prepared-timeout': 'It is prepared past its time-out: it is aborted.',
  'query-prepared': 'It is prepared past its time-out: the query URL is asked whether the local transaction committed.',
  'query-said-success': 'The query URL said that the local transaction committed: the message is submitted.',
  'query-said-failure': 'The query URL said that the local transaction did not commit: the message is failed.',
  delay: 'The requested delay has not passed yet.',
  forward: 'Every operation before these has succeeded: they are called.',
  'all-succeeded': 'Every operation succeeded.',
  'action-failed': 'An action answered FAILURE: every branch that may have run is compensated.',
  'saga-timeout': 'The time-out passed before all actions succeeded: every branch that may have run is compensated.',
  'retry-limit': 'An action used up its retries: every branch that may have run is compensated.',
  'rollback-asked': 'An operator asked for the rollback: every branch that may have run is compensated.',
  'not-waited-for':
    'An operator decided not to wait for the calls that were out. They were cut; their branches are compensated 10 s after the decision.',
  backward: 'Every later branch that may have run is compensated: now these are compensated.',
  'all-compensated': 'Every branch that may have run is compensated.',
  'second-phase': 'The decision is on the disk: the next branch is called.',
  'second-phase-done': 'Every branch has succeeded.',
  'workflow-runs':
    'The workflow runs by itself: it is called back when it gives no sign of life for its retry interval.',
  'workflow-callback': 'The workflow gave no sign of life for its retry interval: it is called back.',
  'in-flight': 'Calls are out: it waits for their answers.',
  'back-off': 'The last call failed: it is made again when the retry interval has passed.',
  'answered-ongoing': 'The branch answered ONGOING: it is called again when the retry interval has passed.',
  'not-called':
    'The call was not made, because its destination does not serve or has no free place: it is tried again at that time.',
  'time-out-first': 'The time-out comes before the next retry: at that time it is rolled back.',
  due: 'It is due: a coordinator with room for it goes on with it.',
  'retry-within-run': 'There was an error within the retry limit: the call is made again shortly.',
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
