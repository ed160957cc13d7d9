import { isFinal } from '@holdfast/core';
import { type AlertRequest, nextAlertMs, type OwedAlert, type TakenAlerts } from 'holdfast/store/store';
import type { Database } from './database.ts';

/** Those tried least first, then the earliest. */
export function takeAlerts(database: Database, request: AlertRequest, by: string): TakenAlerts {
  const { nowMs, longestRetryMs, limit } = request;
  const due = owedIn(database)
    .filter(({ definition }) => !database.locked.has(definition.gid))
    .filter(({ alertMs }) => alertMs <= nowMs || alertMs > nowMs + longestRetryMs)
    .sort((one, other) => one.alertTries - other.alertTries || one.alertMs - other.alertMs);
  const taken = due.slice(0, limit).map((row): OwedAlert => {
    const { definition, progress, alertTries } = row;
    const againMs = nextAlertMs(request, alertTries);
    const { gid, type } = definition;
    database.put(
      gid,
      { ...row, alertMs: againMs, alertTries: alertTries + 1 },
      { kind: 'alert', by, write: undefined },
    );
    return { gid, type, status: progress.status, incident: progress.incident, againMs };
  });
  const left = owedIn(database).map(({ alertMs }) => alertMs);
  // What is locked is owed still, and looked for again.
  const nextMs = left.length === 0 ? undefined : Math.min(...left);
  return { taken, nextMs: taken.length < limit ? nextMs : nowMs };
}

export function alertTold(database: Database, { gid, againMs }: OwedAlert, by: string): void {
  const row = database.rows.get(gid);
  if (row?.alertMs !== againMs) return;
  database.put(gid, { ...row, alertMs: 0, alertTries: 0 }, { kind: 'alert', by, write: undefined });
}

function owedIn(database: Database) {
  return [...database.rows.values()].filter(({ alertMs, progress }) => alertMs > 0 && !isFinal(progress.status));
}
