import { isFinal } from '@holdfast/core';
import type { ChangedRow, Heard, Heartbeat, NodeBeat, SeenRow } from 'holdfast/store/nodes';
import type { Database } from './database.ts';

export function heartbeat(database: Database, beat: Heartbeat, format: number): Heard {
  const clockMs = database.clockMs();
  const known = database.nodes.get(beat.incarnation);
  const count = (known?.count ?? 0) + 1;
  const { startedMs = clockMs, isDrainAsked = false } = known ?? {};
  const stored: NodeBeat = { ...beat, format, startedMs, beatMs: clockMs, count, isDrainAsked };
  database.nodes.set(beat.incarnation, stored);
  return {
    clockMs,
    server: database.server,
    nodes: [...database.nodes.values()],
    nextDueMs: nextDueMs(database, format),
    refusal: format < database.oldestFormat ? `only programs of format ${database.oldestFormat} may use it` : undefined,
  };
}

export function retire(database: Database, incarnation: string, count: number | undefined): void {
  const known = database.nodes.get(incarnation);
  if (count === undefined || known?.count === count) database.nodes.delete(incarnation);
}

export function drain(database: Database, incarnation: string): boolean {
  const known = database.nodes.get(incarnation);
  if (known !== undefined) database.nodes.set(incarnation, { ...known, isDrainAsked: true });
  return known !== undefined;
}

export function changedRows(database: Database, seen: readonly SeenRow[]): ChangedRow[] {
  return seen.flatMap(({ gid, version }) => {
    const row = database.rows.get(gid);
    const found = { gid, version: row?.version ?? 0, owner: row?.owner ?? null };
    return found.version === version ? [] : [found];
  });
}

/** When the first unfinished transaction without owner is due that a program of this format can read. */
export function nextDueMs(database: Database, format: number): number | undefined {
  let next: number | undefined;
  for (const { owner, progress, needs } of database.rows.values()) {
    if (owner === null && needs <= format && !isFinal(progress.status))
      next = Math.min(next ?? progress.dueMs, progress.dueMs);
  }
  return next;
}
