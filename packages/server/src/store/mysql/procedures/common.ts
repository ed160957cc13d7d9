/**
 * Every write is one call of a procedure, which is one message: it begins, writes and commits before the server reads
 * on, so no stall of ours leaves a lock behind (decision 0028). The number in a name is raised with every change: the
 * program before it calls the one it knows.
 *
 * A row of `transactions` that somebody else holds is skipped and reported, and asked for by another call: MySQL counts
 * the time that it waits for a lock in seconds. Each procedure sets what it needs of a session by itself. It keeps to
 * READ COMMITTED, where no gap is locked.
 *
 * An assignment of an UPDATE sees those before it: `handed_back` comes before `owner`.
 */

/** Behind the declarations of a procedure. */
export const handler = /* sql */ `
  declare exit handler for sqlexception
  begin
    rollback;
    resignal;
  end;`;

/** Its first statements. */
export const begin = /* sql */ `
  set session innodb_lock_wait_timeout = 1;
  set transaction isolation level read committed;
  start transaction;`;

/**
 * Several waits do not add up: what is not reached in time is left to another call. `sysdate` is the only clock that goes
 * on inside of a procedure.
 */
export const untilTooLate = 'declare ends datetime(6) default sysdate(6) + interval 1500000 microsecond;';
export const isTooLate = 'sysdate(6) > ends';

/** Milliseconds by the server's clock, whatever its time zone. */
export const clockMs = `(timestampdiff(microsecond, '1970-01-01 00:00:00', utc_timestamp(3)) div 1000)`;

export const unfinished = `('prepared', 'submitted', 'aborting')`;

/** What needs somebody is in `incidents`; another incident owes an alert from then on. */
export const noteIncident = (id: string, incident: string) => /* sql */ `
      insert into {p}incidents (id, gid, created_ms, incident, alert_ms, alert_tries)
      select id, gid, created_ms, ${incident}, 1, 0 from {p}transactions where id = ${id}
      on duplicate key update
        alert_tries = if({p}incidents.incident = ${incident}, {p}incidents.alert_tries, 0),
        alert_ms = if({p}incidents.incident = ${incident}, {p}incidents.alert_ms, 1),
        incident = ${incident};
      update {p}transactions set has_incident = 1 where id = ${id} and has_incident = 0;`;
