/**
 * Every write is one call of a procedure, which is one message: it begins, writes and commits before the server reads
 * on, so no stall of ours leaves a lock behind (decision 0026). The number in a name is raised with every change: the
 * program before it calls the one it knows.
 *
 * All take locks in the same order: rows of `transactions` by gid, then what belongs to each. `quick` bounds the wait for
 * each lock, and keeps to the one plan that is right at any size of the tables: by index, row by row.
 */
export const quick = /* sql */ `
  perform set_config('lock_timeout', '250ms', true), set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('jit', 'off', true);`;

/**
 * Each wait for a lock is bounded, and so is their sum: a batch is divided before its caller gives it up. The server's
 * own time-out of a statement cannot be set in a way that leaves nothing in the session (decision 0026).
 */
export const untilTooLate = "ends timestamptz := clock_timestamp() + interval '1500 milliseconds';";
export const refuseIfTooLate = /* sql */ `
    if clock_timestamp() > ends then
      raise lock_not_available using message = 'it has waited for several locks';
    end if;`;

/** What needs somebody is in `incidents`; another incident owes an alert from then on. */
export const noteIncident = (incident: string) => /* sql */ `
      insert into {schema}.incidents as i (id, gid, created_ms, incident, alert_ms, alert_tries)
      values (at.id, at.gid, at.created_ms, ${incident}, 1, 0)
      on conflict (id) do update set incident = excluded.incident,
        alert_ms = case when i.incident = excluded.incident then i.alert_ms else 1 end,
        alert_tries = case when i.incident = excluded.incident then i.alert_tries else 0 end;
      if not at.has_incident then
        update {schema}.transactions set has_incident = true where id = at.id;
      end if;`;

export const unfinished = `('prepared', 'submitted', 'aborting')`;

/** Milliseconds by the server's clock. */
export const clockMs = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
