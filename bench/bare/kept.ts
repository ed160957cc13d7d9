/** What a coordinator must not forget of a transaction, in the order in which it comes up. */
export type Stage = 'created' | 'first branch' | 'second branch' | 'submitted' | 'ended';

export interface Kept {
  readonly gid: string;
  /** Of the transaction. */
  readonly type: string;
  readonly stage: Stage;
  /** The request that it came with; at the end there is none. */
  readonly body: string;
}

/** Where it is made durable, or nowhere. */
export type Keep = (kept: Kept, durable: () => void) => void;
