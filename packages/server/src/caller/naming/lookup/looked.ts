/** What one look-up came to. */
export type Looked<Answer> =
  | { readonly kind: 'found'; readonly answer: Answer; readonly ttlMs: number }
  /** The answer is: there is no such name. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** There is no answer. `isLocal`: this machine could not ask, for want of what `shortage` says. `isRefused`: DNS does not say it; others may know. */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly isLocal?: true;
      readonly isRefused?: true;
      readonly shortage?: string;
    };

export interface LookupSettings {
  /** DNS servers, asked in turn; none: those of the system. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  /** The longest time for which an answer counts, and that of an answer that names none. */
  readonly ttlMaxMs: number;
}

/** The most records of one answer that are used. */
export const mostRecords = 64;
