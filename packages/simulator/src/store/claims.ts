import { isFinal } from '@holdfast/core';
import {
  type ClaimRequest,
  type ClaimResult,
  type OwnedRow,
  type StoredTransaction,
  StoreError,
} from 'holdfast/store/store';
import { compareText } from './compare-text.ts';
import { type Database, unfinishedByDue } from './database.ts';
import { Rest } from './link.ts';
import { nextDueMs } from './nodes.ts';
import { type Row, rowBytes, storedOf } from './row.ts';

/** So long nobody looks for rows of an owner who was found to own nothing, unless it writes. */
const believedMs = 600_000;

/**
 * First what dead owners left, whatever its due time, then what is due and has no owner. A shared store locks nothing: it
 * chooses rows, and takes a moment later those that are still as they were. It skips what somebody else holds locked, and
 * says all the same that it is there.
 */
export function claim(
  database: Database,
  request: ClaimRequest,
  isExclusive: boolean,
  by: string,
  format: number,
): ClaimResult | Rest<ClaimResult> {
  const { nowMs, maxCount, maxBytes } = request;
  const rows = unfinishedByDue(database.rows.values()).filter(({ needs }) => needs <= format);
  const orphaned = rows.filter((row) => isDead(database, row.owner, request, isExclusive));
  const due = rows.filter(({ owner, progress }) => owner === null && progress.dueMs <= nowMs);
  const chosen: Row[] = [];
  let bytes = 0;
  for (const row of [...orphaned, ...due]) {
    if (database.locked.has(row.definition.gid)) continue;
    if (chosen.length >= maxCount || bytes > maxBytes) break;
    chosen.push(row);
    bytes += rowBytes(row);
  }
  const rest = () => take(database, chosen, orphaned, request, isExclusive, by, format);
  return isExclusive ? rest() : new Rest(rest);
}

function take(
  database: Database,
  chosen: readonly Row[],
  orphaned: readonly Row[],
  request: ClaimRequest,
  isExclusive: boolean,
  by: string,
  format: number,
): ClaimResult {
  const { incarnation, nowMs } = request;
  const claimed: StoredTransaction[] = [];
  for (const { definition, owner, version } of chosen) {
    const row = database.rows.get(definition.gid);
    const isStill = row?.version === version && row.owner === owner;
    if (
      !isStill ||
      database.locked.has(definition.gid) ||
      (owner !== null && !isDead(database, owner, request, isExclusive))
    )
      continue;
    const handedBack = row.handedBack && row.owner === null;
    const taken: Row = { ...row, owner: incarnation, handedBack, version: row.version + 1 };
    database.put(row.definition.gid, taken, { kind: 'claim', by, write: undefined });
    claimed.push(storedOf(row.definition.type === 'workflow' ? { ...taken, branches: [] } : taken));
  }
  const nextMs = nextDueMs(database, format);
  // What is left of the dead is to be claimed at once, whatever its due time, and whoever holds it locked now.
  const left = unfinishedByDue(database.rows.values());
  const isMore = left.some((row) => row.needs <= format && isDead(database, row.owner, request, isExclusive));
  const owners = new Set(left.map(({ owner }) => owner));
  for (const dead of deadOwners(request, orphaned))
    if (!owners.has(dead)) database.emptied.set(dead, database.clockMs());
  return { claimed, nextDueMs: isMore ? Math.min(nowMs, nextMs ?? nowMs) : nextMs };
}

/** Those whose rows were looked for. */
function deadOwners({ dead }: ClaimRequest, orphaned: readonly Row[]): Set<string> {
  const owners = orphaned.flatMap(({ owner }) => (owner === null ? [] : [owner]));
  return new Set([...dead.map(({ incarnation }) => incarnation), ...owners]);
}

/** An exclusive store's other owners are dead by definition; elsewhere an owner without heartbeat is, or who was judged so. */
function isDead(database: Database, owner: string | null, request: ClaimRequest, isExclusive: boolean): boolean {
  if (owner === null || owner === request.incarnation) return false;
  if (isExclusive) return true;
  const emptiedMs = database.emptied.get(owner);
  if (emptiedMs !== undefined && database.clockMs() - emptiedMs < believedMs) return false;
  const beat = database.nodes.get(owner);
  if (beat === undefined) return true;
  return request.dead.some(({ incarnation, count }) => incarnation === owner && count === beat.count);
}

function lockedError(): StoreError {
  return new StoreError('not-done', 'simulated: somebody holds a lock on the row');
}

export function ownedRows(database: Database, incarnation: string, afterGid: string, limit: number): OwnedRow[] {
  return [...database.rows.values()]
    .filter(({ owner, definition, progress }) => {
      return owner === incarnation && definition.gid > afterGid && !isFinal(progress.status);
    })
    .sort((one, other) => compareText(one.definition.gid, other.definition.gid))
    .slice(0, limit)
    .map(({ definition: { gid }, version }) => ({ gid, version, place: gid }));
}

/** The owner, if any, keeps it, and learns of it from the version. */
export function makeDue(database: Database, gid: string, nowMs: number, by: string): boolean {
  const row = database.rows.get(gid);
  if (row === undefined) return false;
  if (isFinal(row.progress.status)) return true;
  if (database.locked.has(gid)) throw lockedError();
  const progress = { ...row.progress, dueMs: Math.min(row.progress.dueMs, nowMs) };
  database.put(gid, { ...row, progress, version: row.version + 1 }, { kind: 'make-due', by, write: undefined });
  return true;
}

export function makeManyDue(
  database: Database,
  afterMs: number,
  limit: number,
  nowMs: number,
  by: string,
): { changed: number; hasMore: boolean } {
  const sleeping = unfinishedByDue(database.rows.values()).filter(
    ({ definition, owner, progress }) =>
      owner === null && progress.dueMs > afterMs && !database.locked.has(definition.gid),
  );
  const page = sleeping.slice(0, limit);
  for (const { definition } of page) makeDue(database, definition.gid, nowMs, by);
  return { changed: page.length, hasMore: sleeping.length > limit };
}
