import type { Counts } from '../../store.ts';
import { numberAt, type Row } from '../values.ts';

/**
 * Of rows with a status, whether they have an owner, how many there are, how many of them are due, and the earliest due time;
 * in the one of status `incident`, how many incidents there are and how many of them are decisions.
 */
export function toCounts(rows: readonly Row[]): Counts {
  const unfinished = { prepared: 0, submitted: 0, aborting: 0 };
  const sums = { incidents: 0, decisions: 0, owned: 0, due: 0 };
  let oldestDueMs: number | undefined;
  for (const row of rows) {
    const [status, isOwned] = row;
    const count = numberAt(row, 2);
    if (status === 'incident') {
      sums.incidents = count;
      sums.decisions = numberAt(row, 3);
      continue;
    }
    if (status === 'prepared' || status === 'submitted' || status === 'aborting') unfinished[status] += count;
    if (isOwned === true || isOwned === 1) sums.owned += count;
    sums.due += numberAt(row, 3);
    if (row[4] !== null) oldestDueMs = Math.min(oldestDueMs ?? Number.POSITIVE_INFINITY, numberAt(row, 4));
  }
  return { unfinished, ...sums, oldestDueMs };
}
