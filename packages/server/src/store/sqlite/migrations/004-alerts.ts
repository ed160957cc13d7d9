/**
 * Which alerts are owed, and when each is due: `alert_ms` is 0 where none is, 1 where it is due at once. What needs a
 * person when this is added may have been told or not: it is told again.
 */
export const sql = /* sql */ `
alter table transactions add column alert_ms integer not null default 0;
alter table transactions add column alert_tries integer not null default 0;
update transactions set alert_ms = 1
  where incident <> '' and status in ('prepared', 'submitted', 'aborting');
create index transactions_alert on transactions (alert_tries, alert_ms) where alert_ms > 0;
`;
