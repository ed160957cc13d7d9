import type { BackupFile } from '../../capabilities.ts';
import type { Counts, KeyValue, ListFilter, OwnedRow, StoreErrorCode } from '../../store.ts';
import type { Row } from '../values.ts';

/** What the worker thread does, and what it answers. Rows come as they are stored; the event loop decodes them. */
export interface Jobs {
  readonly list: {
    readonly ask: ListFilter;
    readonly answer: { readonly rows: readonly Row[]; readonly next: string };
  };
  readonly owned: {
    readonly ask: { readonly incarnation: string; readonly afterGid: string; readonly limit: number };
    readonly answer: readonly OwnedRow[];
  };
  readonly counts: { readonly ask: number; readonly answer: Counts };
  readonly listValues: {
    readonly ask: { readonly category: string; readonly afterKey: string; readonly limit: number };
    readonly answer: readonly KeyValue[];
  };
  /** One step: few enough rows that a commit can wait for it. */
  readonly purge: { readonly ask: { readonly beforeMs: number; readonly limit: number }; readonly answer: Step };
  readonly makeManyDue: {
    readonly ask: { readonly afterMs: number; readonly limit: number; readonly nowMs: number };
    readonly answer: Step;
  };
  readonly checkpoint: { readonly ask: 'passive' | 'restart'; readonly answer: Checkpoint };
  readonly backup: {
    readonly ask: { readonly folder: string; readonly name: string; readonly keep: number | undefined };
    readonly answer: BackupFile;
  };
}

export interface Step {
  readonly changed: number;
  /** There may be more. */
  readonly hasMore: boolean;
}

export interface Checkpoint {
  /** Somebody reads an old state of the database: the WAL could not be started anew. */
  readonly isBlocked: boolean;
  /** What the WAL holds, and what of it is not in the database yet. */
  readonly walPages: number;
  readonly leftPages: number;
}

export type JobName = keyof Jobs;
export type Ask<K extends JobName> = Jobs[K]['ask'];
export type Answer<K extends JobName> = Jobs[K]['answer'];

export type Handlers = { readonly [K in JobName]: (ask: Ask<K>) => Answer<K> | Promise<Answer<K>> };

export type Reply<K extends JobName> =
  | { readonly kind: 'answer'; readonly answer: Answer<K> }
  /** `isLost`: an I/O error or a damaged file; the store cannot go on. */
  | { readonly kind: 'error'; readonly code: StoreErrorCode; readonly message: string; readonly isLost: boolean };
