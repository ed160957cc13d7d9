import { type IncidentKind, incidentKind, operationAt, queryOperation, shownUrl } from '@holdfast/core';
import type { OwedAlert, StoredTransaction } from '../store/store.ts';

/** What the alert webhook is told, in dtm's shape and one field more. */
export interface Alert {
  readonly gid: string;
  /** Of the transaction. */
  readonly status: string;
  /** It waits for somebody to decide, or fails again and again. Not in dtm's. */
  readonly kind: IncidentKind;
  /** The URL that was called last, without user, password and query; or empty. */
  readonly branch: string;
  /** What it answered, or the incident. */
  readonly error: string;
  /** Runs in a row that ended with an error. */
  readonly retry_count: number;
}

/** What it shows is what is stored: it may be told long after the incident began, by another process. */
export type Shown = Pick<StoredTransaction, 'definition' | 'branches' | 'progress'>;

export function alertOf(shown: Shown): Alert {
  const { definition, progress } = shown;
  const last = progress.attempts.findLast(({ outcome }) => outcome === 'error' || outcome === 'failure');
  const isOfCall = / of branch /.test(progress.incident) && last !== undefined;
  return {
    gid: definition.gid,
    status: progress.status,
    kind: incidentKind(progress.incident) ?? 'failing',
    branch: isOfCall ? shownUrl(urlOf(shown, last.operation)) : '',
    error: isOfCall ? last.reason : progress.incident,
    retry_count: progress.errorRuns ?? 0,
  };
}

/** Where the transaction itself cannot be read. */
export function bareAlertOf({ gid, status, incident }: OwedAlert): Alert {
  return { gid, status, kind: incidentKind(incident) ?? 'decision', branch: '', error: incident, retry_count: 0 };
}

function urlOf({ definition, branches }: Shown, operation: number): string {
  if (operation === queryOperation) return definition.queryPrepared;
  return operationAt(definition, branches, operation)?.url ?? '';
}
