/** One saga of the load: as its node knows it. */
export interface Saga {
  readonly gid: string;
  readonly version: number;
}

/** What a coordinator writes at a time. */
export interface Batch {
  readonly created: readonly string[];
  readonly ended: readonly Saga[];
  /** Handed back, and due then. */
  readonly slept: readonly Saga[];
  readonly dueMs: number;
}

export const node = 'node-1';
/** At most so many are claimed at once. */
export const claimRows = 100;

/** Whatever the load can be put on. */
export interface Subject {
  readonly name: string;
  /** All of it, by one of so many writers. Durable when it resolves. */
  write(writer: number, batch: Batch): Promise<void>;
  /** What was due. */
  claim(): Promise<readonly Saga[]>;
  /** What a node asks for once a second, and once a minute. */
  beat(): Promise<void>;
  look(): Promise<void>;
}
