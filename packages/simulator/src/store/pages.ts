import { isFinal } from '@holdfast/core';
import { type ListFilter, type ListPage, StoreError } from 'holdfast/store/store';
import { compareText } from './compare-text.ts';
import { type Row, storedOf } from './row.ts';

/** Newest first, then gid descending; a position is the creation time and the gid of the last row shown. */
export function listPage(rows: Iterable<Row>, filter: ListFilter, format: number): ListPage {
  const after = filter.position === undefined || filter.position === '' ? undefined : readPosition(filter.position);
  const matching = [...rows]
    .filter((row) => matches(row, filter))
    .filter(({ definition }) => after === undefined || isAfter(definition, after))
    .sort((one, other) => compareNewestFirst(one.definition, other.definition));
  const page = matching.slice(0, filter.limit);
  const last = page.at(-1);
  const hasMore = matching.length > page.length && last !== undefined;
  return {
    transactions: page.map((row) => ({ ...storedOf(row.needs > format ? unread(row) : row), branches: [] })),
    next: hasMore ? `${last.definition.createdMs}:${last.definition.gid}` : '',
  };
}

export const newerText = 'it was written by a newer Holdfast';

/** What its columns say. */
function unread(row: Row): Row {
  const { definition, progress } = row;
  return { ...row, definition: { ...definition, steps: [] }, progress: { ...progress, incident: newerText } };
}

interface Position {
  readonly createdMs: number;
  readonly gid: string;
}

function readPosition(text: string): Position {
  const found = /^(\d{1,16}):(.+)$/su.exec(text);
  if (found === null) throw new StoreError('bad-position', 'the position is none that a page gave as its next');
  return { createdMs: Number(found[1]), gid: found[2] ?? '' };
}

function compareNewestFirst(one: Position, other: Position): number {
  return other.createdMs - one.createdMs || compareText(other.gid, one.gid);
}

function isAfter(position: Position, last: Position): boolean {
  return compareNewestFirst(last, position) < 0;
}

function matches({ definition, progress }: Row, filter: ListFilter): boolean {
  const { gid, gidPrefix, status, type, hasIncident, createdFromMs, createdToMs } = filter;
  if (hasIncident === true && (progress.incident === '' || isFinal(progress.status))) return false;
  if (gid !== undefined && definition.gid !== gid) return false;
  if (gidPrefix !== undefined && !definition.gid.startsWith(gidPrefix)) return false;
  if (status !== undefined && progress.status !== status) return false;
  if (type !== undefined && definition.type !== type) return false;
  if (createdFromMs !== undefined && definition.createdMs < createdFromMs) return false;
  return createdToMs === undefined || definition.createdMs <= createdToMs;
}
