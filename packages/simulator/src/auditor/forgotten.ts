import type { Row } from '../store/row.ts';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';
import type { Leases } from './leases.ts';

/** Somebody has taken it up by then, whatever was going on when it became due. */
const patienceMs = 20_000;
/** An embedded store has only the wall clock of the machine, which was off and has jumped. */
const exclusiveErrorMs = 120_000;

/** P7, while nothing goes wrong: what is due is taken up soon, and so is what a dead owner left, whatever its due time. */
export function judgeForgotten(court: Court, leases: Leases, unfinished: readonly Case[], sinceMs: number): void {
  for (const { gid, status, row } of unfinished) {
    if (row === undefined) continue;
    const why = row.owner === null ? overdue(court, row) : orphaned(court, leases, row.owner, sinceMs);
    if (why !== undefined) accuse(court, 'P7', gid, `${status} and forgotten: ${why}`);
  }
}

function overdue(court: Court, { progress }: Row): string | undefined {
  const errorMs = court.isExclusive ? exclusiveErrorMs : court.serverErrorMs;
  const lateMs = court.database.clockMs() - progress.dueMs;
  return lateMs > patienceMs + errorMs ? `it has been due for ${lateMs} ms and has no owner` : undefined;
}

function orphaned(
  { database, serverErrorMs }: Court,
  leases: Leases,
  owner: string,
  sinceMs: number,
): string | undefined {
  if (!leases.isDead(owner) || sinceMs <= patienceMs) return undefined;
  const beat = database.nodes.get(owner);
  const isLongDead = beat === undefined || database.clockMs() - beat.beatMs > patienceMs + serverErrorMs;
  return isLongDead ? `its owner ${owner} is long dead` : undefined;
}
