import assert from 'node:assert/strict';
import type { BranchOperation, Definition, Progress, Status } from '@holdfast/core';
import type { Heartbeat } from '../nodes.ts';
import type {
  AppendWrite,
  ClaimRequest,
  ClaimResult,
  CreateWrite,
  ListFilter,
  OwnedRow,
  Store,
  StoredTransaction,
  UpdateWrite,
  Write,
  WriteResult,
} from '../store.ts';

/** An open, empty store of its own for one case. */
export interface OpenStore {
  readonly store: Store;
  /** Closes it and opens the same data again; left out by a store that keeps nothing. */
  readonly reopen?: () => Promise<Store>;
  readonly close: () => Promise<void>;
  /**
   * Another open store on the same data, with connections of its own, as another coordinator has it; every shared store
   * gives it, and `close` closes it as well.
   */
  readonly beside?: (how?: Beside) => Promise<Store>;
  /** Changes what is stored behind the store's back; left out by a store that keeps no bytes. */
  readonly damage?: (gid: string, damage: Damage) => Promise<void>;
}

export interface Beside {
  /** Its claims lock no row and skip none that is locked, where the store can do so. */
  readonly withoutRowLocks?: boolean;
  /** It is of the next version of Holdfast: its format is higher by one. */
  readonly isNext?: boolean;
}

/**
 * What bytes on a disk may come to. What is damaged still looks like what belongs there: only a checksum or a count can
 * tell. `exchanged`: with those of the transaction `other`.
 */
export type Damage =
  | { readonly kind: 'changed'; readonly what: 'definition' | 'type' | 'progress' | 'status' | 'reason' | 'finishedMs' }
  | { readonly kind: 'changed'; readonly what: 'branch' | 'branchId' | 'op' }
  | { readonly kind: 'lost'; readonly what: 'definition' | 'branch' | 'branches and their count' }
  | { readonly kind: 'exchanged'; readonly what: 'definition' | 'progress' | 'branches'; readonly other: string };

export type OpenEmpty = () => Promise<OpenStore>;

/** Declares one case of the suite. */
export type Case = (name: string, run: (store: Store, open: OpenStore) => Promise<void>) => void;

/** Some moment; every time in the suite is near it unless it says otherwise. */
export const startMs = 1_700_000_000_000;
/** How often a write may be stuck, on a machine that is busy. */
const mostTries = 40;

let tokens = 0;
export function newToken(): string {
  tokens += 1;
  return `token-${tokens}`;
}

export function aDefinition(gid: string, more: Partial<Definition> = {}): Definition {
  return {
    gid,
    type: 'saga',
    protocol: 'http',
    steps: [
      {
        branchId: '01',
        action: 'http://localhost/out',
        compensate: 'http://localhost/out-back',
        payload: '{"amount":1}',
      },
      { branchId: '02', action: 'http://localhost/in', compensate: '', payload: '' },
    ],
    queryPrepared: '',
    options: {
      waitResult: false,
      timeoutToFailMs: 0,
      requestTimeoutMs: 3000,
      retryIntervalMs: 10_000,
      branchHeaders: { 'x-trace': 'a' },
      concurrent: false,
      retryLimit: 0,
    },
    customData: '',
    createdMs: startMs,
    ...more,
  };
}

export function aProgress(status: Status, more: Partial<Progress> = {}): Progress {
  return {
    status,
    operations: 'pppp',
    retries: {},
    attempts: [],
    attemptCount: 0,
    intervalMs: 10_000,
    dueMs: startMs + 10_000,
    submittedMs: 0,
    updatedMs: startMs,
    finishedMs: status === 'succeed' || status === 'failed' ? startMs : 0,
    incident: '',
    reason: '',
    ...more,
  };
}

export function create(gid: string, more: Partial<CreateWrite> = {}): CreateWrite {
  return {
    kind: 'create',
    gid,
    token: newToken(),
    definition: aDefinition(gid),
    progress: aProgress('prepared'),
    owner: null,
    ...more,
  };
}

/** An update of a row as `create` leaves it. */
export function update(gid: string, more: Partial<UpdateWrite> = {}): UpdateWrite {
  return {
    kind: 'update',
    gid,
    token: newToken(),
    expectOwner: null,
    expectVersion: 1,
    owner: null,
    progress: aProgress('submitted'),
    ...more,
  };
}

export function append(
  gid: string,
  branches: readonly BranchOperation[],
  more: Partial<AppendWrite> = {},
): AppendWrite {
  const limits = { maxBranches: 20_000, maxBytes: 1_000_000_000 };
  const target = { gid, type: 'saga', whileStatus: 'prepared' } as const;
  return { kind: 'append', token: newToken(), ...target, branches, ...limits, ...more };
}

export function aBranch(branchId: string, more: Partial<BranchOperation> = {}): BranchOperation {
  return { branchId, op: 'confirm', url: `http://localhost/${branchId}`, payload: `{"branch":"${branchId}"}`, ...more };
}

/** As the engine does it: a write that is stuck, since somebody else held its row for too long, is issued again. */
export async function commit(store: Store, batch: readonly Write[]): Promise<WriteResult[]> {
  const results = [...(await store.commit(batch))];
  for (let tries = 0; tries < mostTries; tries += 1) {
    const stuck = [...results.keys()].filter((index) => typeof results[index] !== 'string');
    if (stuck.length === 0) break;
    const again = await store.commit(stuck.flatMap((index) => batch[index] ?? []));
    for (const [at, index] of stuck.entries()) results[index] = again[at] ?? 'missing';
  }
  return results.map((result) => {
    if (typeof result === 'string') return result;
    throw new Error(`stuck ${mostTries} times: ${result.stuck}`);
  });
}

export async function write(store: Store, one: Write): Promise<WriteResult> {
  const [result] = await commit(store, [one]);
  assert.ok(result !== undefined, 'a result for the only write');
  return result;
}

/** Writes that must all be done. */
export async function put(store: Store, ...batch: readonly Write[]): Promise<void> {
  assert.deepEqual(
    await commit(store, batch),
    batch.map(() => 'done'),
  );
}

/** All pages of what an incarnation owns; the last one is empty. */
export async function ownedPages(store: Store, incarnation: string, limit: number): Promise<(readonly OwnedRow[])[]> {
  const pages: (readonly OwnedRow[])[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const rows: readonly OwnedRow[] = await store.owned(incarnation, after, limit);
    pages.push(rows);
    after = rows.at(-1)?.place;
  }
  return pages;
}

/** Whatever the order of the store. */
export function sortedOwned(rows: readonly Pick<OwnedRow, 'gid' | 'version'>[]): string[] {
  return rows.map(({ gid, version }) => `${gid} ${version}`).sort();
}

export async function found(store: Store, gid: string): Promise<StoredTransaction> {
  const [stored] = await store.load([gid]);
  assert.ok(stored !== undefined, `${gid} is stored`);
  return stored;
}

export function claim(store: Store, incarnation: string, more: Partial<ClaimRequest> = {}): Promise<ClaimResult> {
  return store.claim({
    incarnation,
    nowMs: startMs,
    dead: [],
    maxCount: 1000,
    maxBytes: 1_000_000_000,
    ...more,
  });
}

export const gidsOf = (transactions: readonly StoredTransaction[]) =>
  transactions.map(({ definition }) => definition.gid);

/** All pages of a list, and how many there were. */
export async function listed(
  store: Store,
  filter: Omit<ListFilter, 'limit'> & { readonly limit?: number },
): Promise<string[]> {
  const gids: string[] = [];
  for (let position = filter.position ?? ''; ; ) {
    const { transactions, next } = await store.list({ limit: 100, ...filter, position });
    gids.push(...gidsOf(transactions));
    if (next === '') return gids;
    assert.notEqual(next, position, 'the next page begins elsewhere');
    position = next;
  }
}

export function aBeat(incarnation: string, more: Partial<Heartbeat> = {}): Heartbeat {
  return { incarnation, node: `node of ${incarnation}`, version: '1.2.3', isDraining: false, ...more };
}

/** A second incarnation's row: on a shared store its heartbeat is fresh. */
export async function live(store: Store, ...incarnations: readonly string[]): Promise<void> {
  if (store.exclusive) return;
  for (const incarnation of incarnations) await store.heartbeat(aBeat(incarnation));
}

export const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
