import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type AlertRequest, nextAlertMs, type OwedAlert, type TakenAlerts } from '../../store.ts';
import { Query } from '../connection.ts';
import { numberAt, roughNumberAt, roughTextAt } from '../values.ts';
import { unfinished } from './transaction-row.ts';

/** Beside every assignment to `incident` in an update: another incident owes an alert, the end of one takes it back. */
export const owesAlert = (incident: string) => `
  alert_ms = case when ${incident} = '' then 0 when ${incident} = incident then alert_ms else 1 end,
  alert_tries = case when ${incident} = incident then alert_tries else 0 end`;

const owed = `alert_ms > 0 and incident <> '' and ${unfinished}`;

/** The statements behind `takeAlerts` and `alertTold`. The caller holds the write transaction. */
export class Alerts {
  readonly #due: Query;
  readonly #next: Query;
  readonly #take: StatementSync;
  readonly #told: StatementSync;

  constructor(db: DatabaseSync) {
    this.#due = new Query(
      db,
      `select id, gid, type, status, incident, alert_tries from transactions indexed by transactions_alert
       where ${owed} and (alert_ms <= ? or alert_ms > ?) order by alert_tries, alert_ms limit ?`,
    );
    this.#next = new Query(db, `select min(alert_ms) from transactions indexed by transactions_alert where ${owed}`);
    this.#take = db.prepare('update transactions set alert_ms = ?, alert_tries = alert_tries + 1 where id = ?');
    this.#told = db.prepare('update transactions set alert_ms = 0, alert_tries = 0 where gid = ? and alert_ms = ?');
  }

  take(request: AlertRequest): TakenAlerts {
    const { nowMs, longestRetryMs, limit } = request;
    const taken: OwedAlert[] = this.#due.all(nowMs, nowMs + longestRetryMs, limit).map((row) => {
      const againMs = nextAlertMs(request, roughNumberAt(row, 5));
      this.#take.run(againMs, numberAt(row, 0));
      const text = (index: number) => roughTextAt(row, index);
      return { gid: text(1), type: text(2), status: text(3), incident: text(4), againMs };
    });
    // What is left is asked for only where it may have to be waited for.
    const [nextMs] = taken.length < limit ? (this.#next.first() ?? []) : [nowMs];
    return { taken, nextMs: typeof nextMs === 'number' ? nextMs : undefined };
  }

  told({ gid, againMs }: OwedAlert): void {
    this.#told.run(gid, againMs);
  }
}
