import type { Definition, FinalStatus, Plan, Status } from './transaction.ts';

export interface Amended {
  readonly definition: Definition;
  readonly plan: Plan;
}

/** What the submit of a workflow says. */
export interface WorkflowEnd {
  readonly to: FinalStatus;
  /** Why it was rolled back; empty where it was not. */
  readonly reason: string;
  readonly result: string;
}

/** A call that was out when an operator stopped its transaction. */
export interface CutCall {
  readonly operation: number;
  readonly sentMs: number;
}

/** How one call of a branch ended. Anything unknown is an `error`: it may have run. */
export type Outcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly message: string }
  | { readonly kind: 'ongoing'; readonly message: string }
  /** `retryAfterMs`: what the branch asked for, honoured within the back-off cap; 0: nothing. */
  | { readonly kind: 'error'; readonly message: string; readonly retryAfterMs: number };

/** The index that stands for the call of query_prepared: the query of a message, the callback of a workflow. */
export const queryOperation = -1;

/** What happened. `apply` folds facts into a transaction, in their order. Times are engine time in milliseconds. */
export type Fact =
  /** Its driver took it over. `handedBack`: its last owner had released it with nothing in flight. */
  | { readonly kind: 'loaded'; readonly handedBack: boolean; readonly atMs: number }
  /** Its due time came, or it was woken: a new run begins. */
  | { readonly kind: 'due'; readonly atMs: number }
  /**
   * `amended`: the submit of a prepared gid brought options or custom data; `plan` follows from the definition.
   * `ignoredFields`: what else it brought differs from what is stored, and is not taken over.
   */
  | {
      readonly kind: 'submitted';
      readonly atMs: number;
      readonly amended?: Amended;
      readonly ignoredFields?: readonly string[];
    }
  /** It was asked for again while it runs, and these fields differ from what is stored: they are not taken over. */
  | { readonly kind: 'repeated'; readonly ignoredFields: readonly string[]; readonly atMs: number }
  | { readonly kind: 'abort-asked'; readonly reason: string; readonly atMs: number }
  /** An operator ended it as failed. `cut`: the calls that are out, which end with it. */
  | { readonly kind: 'stopped'; readonly atMs: number; readonly cut?: readonly CutCall[] }
  /** An operator asked to roll a saga back; it moves as soon as its driver knows. `doNotWait`: for calls that are out. */
  | { readonly kind: 'rollback-asked'; readonly reason: string; readonly doNotWait: boolean; readonly atMs: number }
  /** A workflow gave a sign of life. */
  | { readonly kind: 'alive'; readonly atMs: number }
  /** A workflow said how it ended. */
  | ({ readonly kind: 'ended'; readonly atMs: number } & WorkflowEnd)
  /** A call goes out now: from here on the operation may have run. */
  | { readonly kind: 'called'; readonly operation: number }
  | {
      readonly kind: 'answered';
      readonly operation: number;
      readonly outcome: Outcome;
      readonly atMs: number;
      readonly durationMs: number;
      /** 0 .. 1, random; makes a back-off up to 10 % longer. */
      readonly jitter: number;
      /** It was out, and was cut because an operator decided not to wait for it. */
      readonly isCut?: boolean;
      /** What else operators are to see of the attempt. */
      readonly note?: string;
    }
  /**
   * The call was not made (breaker open, no slot); wait until then. It counts against retry_limit, unless it was for want
   * of something on this machine (`isLocal`).
   */
  | {
      readonly kind: 'blocked';
      readonly operation: number;
      readonly untilMs: number;
      readonly isLocal?: boolean;
      readonly atMs: number;
    }
  /** What `decide` asked for: the status moves. */
  | { readonly kind: 'moved'; readonly to: Status; readonly reason: string; readonly atMs: number }
  /** What `decide` asked for: it needs a human. */
  | { readonly kind: 'incident'; readonly incident: string; readonly untilMs: number; readonly atMs: number };
