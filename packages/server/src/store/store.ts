import type { BranchOperation, Definition, Progress, Status, TransactionType } from '@holdfast/core';
import type { ChangedRow, DeadOwner, Heard, Heartbeat, SeenRow } from './nodes.ts';

/**
 * THE storage interface. Every store passes the suite in contract.ts, unchanged. Times are integer milliseconds of
 * engine time. Ownership: a row has an owner (an incarnation) or none, and a version that every write but an append
 * raises by one; an update names both as it last saw them and is refused as a conflict otherwise. That is the fence.
 */
export interface Store {
  /** `sqlite`, ...: as in the configuration. */
  readonly name: string;
  /**
   * One process only: its lock is the lease; there are no heartbeats, and whatever another incarnation owns is dead.
   * False: a shared store. Any number of processes have it open at once, each with connections of its own.
   */
  readonly exclusive: boolean;
  /** Absent: one, because another would only wait for it. */
  readonly commitsAtOnce?: CommitsAtOnce;
  /**
   * What this program knows of how things are stored: one number, raised by every version of Holdfast that changes it.
   * What is stored for a higher one is not for this program to read.
   */
  readonly format: number;

  /**
   * Opens, locks where exclusive (waits up to 5 s for a dying process), migrates, checks durability settings.
   * @throws StoreError `locked`, `version`, `unsafe` with what to do
   */
  open(): Promise<void>;
  /** Idempotent. Waits for what is under way. */
  close(): Promise<void>;
  /** Rejects, as `commit` does, when the store cannot take a durable write now. */
  ping(): Promise<void>;
  /** The store's own clock; for an exclusive store the highest time it holds, or 0 (the engine starts no earlier). */
  clockMs(): Promise<number>;

  /**
   * One durable round trip for writes to different transactions (at most one per gid). No write to a gid is issued while
   * another one to it is under way. Resolves when all that were not
   * refused are durable; a refused write fails alone, and so does one that is stuck.
   * @throws StoreError `unknown-outcome`: perhaps done, perhaps not: issue the same batch again (tokens tell our own
   *   earlier writes, which then count as done); `not-done`: surely nothing was written, try again later;
   *   `full`: not done for want of room, which may come back; `fatal`: the process must end
   */
  commit(batch: readonly Write[]): Promise<readonly (WriteResult | Stuck)[]>;

  /**
   * What is stored, in the order asked for; undefined for an unknown gid. Branches come in registration order.
   * @throws UnreadableError for the first that cannot be read; StoreError `newer` for the first that needs a higher format
   * @param what `bare`: without branches, which may be megabytes
   */
  load(gids: readonly string[], what?: 'whole' | 'bare'): Promise<readonly (StoredTransaction | undefined)[]>;

  /**
   * Durably makes unfinished transactions this incarnation's, each by a conditional update that raises its version:
   * first those whose owner is dead (whatever their due time), then those without owner that are due, earliest first.
   * The conditional update alone decides who gets a row: a store that can lock rows, or skip locked ones, does it to be
   * faster. On a shared store an owner is dead that `dead` names, while its heartbeat still has that count, and one
   * without a stored heartbeat. What needs a higher format than this program's is left to others.
   * Where it fails, it may have taken some: they are among those that `owned` tells.
   * A workflow comes without its branches: it is driven without their results.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>;

  /**
   * Unfinished rows this incarnation owns, by gid with their version, in an order of the store. Never loads. A shared store
   * may leave out some that came to be owned without a create or a claim of this handle: not at every tenth look.
   * @param after the place of the last one of the page before; '' for the first page, which begins a look
   */
  owned(incarnation: string, after: string, limit: number): Promise<readonly OwnedRow[]>;

  /**
   * Stores that can refuse the write of one row alone: the unfinished row has this incident until it is next written.
   * Everything else of it stays as it is, its version too. False: it is not as it was read any more.
   */
  noteIncident?(row: NotedRow, incident: string): Promise<boolean>;
  /**
   * Makes one transaction due at `nowMs` (or earlier). Its owner, if any, keeps it, and learns of it because the version
   * rises. A final one stays as it is. False: unknown gid.
   */
  makeDue(gid: string, nowMs: number): Promise<boolean>;
  /** Makes up to `limit` unfinished transactions without owner and due after `afterMs` due at `nowMs`. */
  makeManyDue(
    afterMs: number,
    limit: number,
    nowMs: number,
  ): Promise<{ readonly changed: number; readonly hasMore: boolean }>;

  /**
   * Newest first (createdMs, then gid, descending). Built in bounded pages; a page may be short and still have `next`.
   * What cannot be read, or needs a higher format, is in it with what is known, why being its incident.
   */
  list(filter: ListFilter): Promise<ListPage>;

  /**
   * Alerts that are owed. A write that gives an unfinished transaction another incident owes one from then on; it is
   * owed until it is told (`alertTold`), or until the incident or the transaction has ended. Durably moves up to `limit`
   * that are due to their next try, so that as a rule no other node takes them: those tried least come first, then the
   * earliest. Raises no version and leaves tokens alone.
   */
  takeAlerts(request: AlertRequest): Promise<TakenAlerts>;
  /** Nothing is owed any more, unless the incident has changed since it was taken, or it was taken again. */
  alertTold(taken: OwedAlert): Promise<void>;

  /**
   * Deletes up to `limit` transactions finished before `beforeMs`, with their branches. Unfinished ones never. It may
   * leave one that is said to be created later than that.
   */
  purge(beforeMs: number, limit: number): Promise<number>;

  /** Never a scan of finished rows. */
  counts(nowMs: number): Promise<Counts>;

  /**
   * Shared stores only: stores this incarnation's heartbeat and answers with what there is to hear, in one round trip,
   * which waits for no other operation of this node. It is all that an idle node asks for.
   */
  heartbeat(beat: Heartbeat): Promise<Heard>;
  /**
   * Shared stores only: takes a heartbeat back. Its own at the end of a clean shutdown; then, with a count, a dead one's,
   * which stays where there has been another heartbeat since. What its incarnation still owns is a dead owner's.
   */
  retire(incarnation: string, count?: number): Promise<void>;
  /** Shared stores only: asks an incarnation to drain, which hears of it with its next heartbeat. False: it has none. */
  drain(incarnation: string): Promise<boolean>;
  /**
   * Shared stores only: those of these rows that have another version, or are not stored any more. One indexed read; the
   * rows are neither locked nor loaded.
   */
  changed(seen: readonly SeenRow[]): Promise<readonly ChangedRow[]>;

  /** Key-value records with versions, for topics. `putValue` writes only at that version (0: must not exist). */
  getValue(category: string, key: string): Promise<KeyValue | undefined>;
  listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]>;
  putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): Promise<boolean>;
  deleteValue(category: string, key: string): Promise<boolean>;
}

/** How many commits may be under way at once. */
export interface CommitsAtOnce {
  readonly most: number;
  /** So many writes make another one worth its cost while one is under way. */
  readonly furtherRows: number;
}

/**
 * Unique to one write, kept in the row by the write that won: `created` by the create, `written` by the last write.
 * A create or update issued again finds its own token and answers done.
 */
export type WriteToken = string;

/**
 * The lowest format of a program that can read the row afterwards; default 0: every one. It only rises. A write
 * that would raise it is stuck while the stored heartbeat of an incarnation knows a lower one; one that is refused anyway, or
 * was done, is not. On an exclusive store it changes nothing: there the
 * next program has the whole store, or refuses it.
 */
export type Needs = number;

export type Write = CreateWrite | UpdateWrite | AppendWrite;

/** Refused `exists` if the gid is stored under another token. The row starts at version 1. */
export interface CreateWrite {
  readonly kind: 'create';
  readonly gid: string;
  readonly token: WriteToken;
  readonly definition: Definition;
  readonly progress: Progress;
  readonly owner: string | null;
  readonly needs?: Needs;
}

/** Refused `missing` for an unknown gid, `conflict` unless all that is expected is so; then version + 1. */
export interface UpdateWrite {
  readonly kind: 'update';
  readonly gid: string;
  readonly token: WriteToken;
  readonly expectOwner: string | null;
  readonly expectVersion: number;
  /** How many branch operations are registered: an append raises no version. Absent: whatever it is. */
  readonly expectBranches?: number;
  readonly owner: string | null;
  readonly progress: Progress;
  /** Only with the move from prepared to submitted, where the submit brought options or custom data. */
  readonly definition?: Definition;
  /**
   * What was stored cannot be read: definition, progress and branches go where people find them, and what is written here
   * takes their place, without branches. Only with a definition.
   */
  readonly setsAside?: true;
  readonly needs?: Needs;
}

/**
 * All branches or none. Writes the transaction's row (its branch count, not its version) in the same atomic operation,
 * so that it cannot slip past a concurrent change of status. Refused, in this order: `missing`, `wrong-type`, `wrong-status`,
 * `exists` if a (branchId, op) is stored (the caller loads and compares), `too-many`, `too-large`. It leaves the
 * tokens of the row alone: an append issued again finds its branches, and is refused `exists`.
 */
export interface AppendWrite {
  readonly kind: 'append';
  readonly gid: string;
  readonly token: WriteToken;
  readonly type: TransactionType;
  readonly whileStatus: Status;
  /** workflow: a sign of life. Where the row has no owner it is due then, and not before. */
  readonly dueMs?: number;
  readonly branches: readonly BranchOperation[];
  /** The most branch operations a transaction may have. */
  readonly maxBranches: number;
  /** The most bytes that definition and branches may take, as the store keeps them. */
  readonly maxBytes: number;
  readonly needs?: Needs;
}

export type WriteResult =
  | 'done'
  | 'exists'
  | 'conflict'
  | 'missing'
  | 'wrong-type'
  | 'wrong-status'
  | 'too-many'
  | 'too-large';

/**
 * Not written this time, and why, for the sake of its own row: somebody holds a lock on it, the server cannot store what is
 * in it, or somebody who lives could not read it. To be issued again after a while, by itself.
 */
export interface Stuck {
  readonly stuck: string;
}

export interface StoredTransaction {
  readonly definition: Definition;
  readonly branches: readonly BranchOperation[];
  readonly progress: Progress;
  readonly owner: string | null;
  /**
   * Nothing can be in flight but what its owner of now has called: it has no owner, or came to its owner without one.
   * Only a claim from a dead owner makes it false, until the row is handed back.
   */
  readonly handedBack: boolean;
  readonly version: number;
  readonly createToken: WriteToken;
  readonly writeToken: WriteToken;
}

export interface ClaimRequest {
  readonly incarnation: string;
  readonly nowMs: number;
  /** Shared stores: the owners that this node has judged dead. */
  readonly dead: readonly DeadOwner[];
  readonly maxCount: number;
  /** Stops after the transaction that passes this many bytes of definition and branches; at least one is returned. */
  readonly maxBytes: number;
}

export interface ClaimResult {
  readonly claimed: readonly StoredTransaction[];
  /**
   * When the next transaction without owner is due, in engine time; undefined: none is stored. Not after `nowMs` where
   * the limits have left some of a dead owner.
   */
  readonly nextDueMs: number | undefined;
  /**
   * What cannot be read: it keeps no other from being claimed. Without owner, an incident that says why, and due again
   * after ten minutes; named here the first time only. Absent: none.
   */
  readonly unreadable?: readonly UnreadableRow[];
}

/** What its columns say of a transaction that cannot be read, whatever that is. */
export interface UnreadableRow {
  readonly gid: string;
  readonly type: string;
  readonly status: string;
  /** The incident: `unreadable: ` and why. */
  readonly incident: string;
  readonly owner: string | null;
  readonly version: number;
  readonly createdMs: number;
}

export interface AlertRequest {
  readonly nowMs: number;
  /** From a try to the next, doubled with each one... */
  readonly firstRetryMs: number;
  /** ...up to this. What is due later than this from now was put off by a clock that was wrong, and is due. */
  readonly longestRetryMs: number;
  readonly limit: number;
}

export interface TakenAlerts {
  readonly taken: readonly OwedAlert[];
  /** When the next one is due; undefined: none is owed. */
  readonly nextMs: number | undefined;
}

/** Readable columns only: what is stored of the transaction may be what cannot be read. */
export interface OwedAlert {
  readonly gid: string;
  readonly type: string;
  readonly status: string;
  readonly incident: string;
  /** When it is due again, unless it is told. Names this try. */
  readonly againMs: number;
}

/** When an alert is due again that has been tried that often before. */
export function nextAlertMs({ nowMs, firstRetryMs, longestRetryMs }: AlertRequest, tries: number): number {
  return nowMs + Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(tries, 30));
}

/** A row as it was read. */
export interface NotedRow {
  readonly gid: string;
  readonly owner: string | null;
  readonly version: number;
}

export interface OwnedRow {
  readonly gid: string;
  readonly version: number;
  /** Where it is in the order of the store. */
  readonly place: string;
}

export interface ListFilter {
  readonly gid?: string;
  readonly gidPrefix?: string;
  readonly status?: Status;
  readonly type?: TransactionType;
  /** Only unfinished ones that are incidents. */
  readonly hasIncident?: boolean;
  /** Inclusive bounds of creation time. */
  readonly createdFromMs?: number;
  readonly createdToMs?: number;
  /** What the last page gave as `next`. An unknown form is refused: StoreError `bad-position`. */
  readonly position?: string;
  readonly limit: number;
}

export interface ListPage {
  /** Without branches: listing never loads them. */
  readonly transactions: readonly StoredTransaction[];
  /** Empty: that was all. */
  readonly next: string;
}

export interface Counts {
  readonly unfinished: Readonly<Record<'prepared' | 'submitted' | 'aborting', number>>;
  readonly incidents: number;
  /** Those of the incidents that wait for somebody to decide; the others fail again and again. */
  readonly decisions: number;
  /** Unfinished and owned by somebody, dead or alive. */
  readonly owned: number;
  /** Due now and without owner. */
  readonly due: number;
  /** The earliest due time of those, undefined without any. */
  readonly oldestDueMs: number | undefined;
}

export interface KeyValue {
  readonly category: string;
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export type StoreErrorCode =
  | 'unknown-outcome'
  | 'not-done'
  | 'full'
  | 'fatal'
  | 'damaged'
  | 'locked'
  | 'version'
  | 'newer'
  | 'unsafe'
  | 'bad-position'
  | 'bad-folder';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A stored transaction cannot be read: it is damaged, or of another version. */
export class UnreadableError extends StoreError {
  readonly row: UnreadableRow;

  constructor(row: UnreadableRow, message: string, cause: unknown) {
    super('version', message, { cause });
    this.row = row;
  }
}
