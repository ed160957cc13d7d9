/**
 * Every write is one call of a procedure, which is one message: it begins, writes and commits before the server reads
 * on, so no stall of ours leaves a lock behind (decision 0026). The number in a name is raised with every change: the
 * program before it calls the one it knows.
 *
 * All take locks in the same order: rows of `transactions` by gid, then what belongs to each. `quick` bounds the wait for
 * each lock, and keeps to the one plan that is right at any size of the tables: by index, row by row.
 */
const quick = /* sql */ `
  perform set_config('lock_timeout', '250ms', true), set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('jit', 'off', true);`;

/**
 * Each wait for a lock is bounded, and so is their sum: a batch is divided before its caller gives it up. The server's
 * own time-out of a statement cannot be set by the statement itself.
 */
const untilTooLate = "ends timestamptz := clock_timestamp() + interval '1500 milliseconds';";
const refuseIfTooLate = /* sql */ `
    if clock_timestamp() > ends then
      raise lock_not_available using message = 'it has waited for several locks';
    end if;`;

/** What needs somebody is in `incidents`; another incident owes an alert from then on. */
const noteIncident = (incident: string) => /* sql */ `
      insert into {schema}.incidents as i (id, gid, created_ms, incident, alert_ms, alert_tries)
      values (at.id, at.gid, at.created_ms, ${incident}, 1, 0)
      on conflict (id) do update set incident = excluded.incident,
        alert_ms = case when i.incident = excluded.incident then i.alert_ms else 1 end,
        alert_tries = case when i.incident = excluded.incident then i.alert_tries else 0 end;
      if not at.has_incident then
        update {schema}.transactions set has_incident = true where id = at.id;
      end if;`;

const unfinished = `('prepared', 'submitted', 'aborting')`;

/** One letter a write, see writer.ts. Writes come in the order of their gids. */
const write = /* sql */ `
create or replace procedure {schema}.write_1(
  kinds smallint[], gids text[], tokens text[], types text[], statuses text[], owners text[], expect_owners text[],
  expect_versions bigint[], dues bigint[], created bigint[], updated bigint[], finished bigint[], incidents text[],
  reasons text[], progresses bytea[], checksums integer[], definitions bytea[], definition_checksums integer[],
  set_asides boolean[], first_branches integer[], branch_counts integer[], most_branches bigint[], most_bytes bigint[],
  branch_ids text[], ops text[], branches bytea[], branch_checksums integer[], new_owners text[], inout results text)
language plpgsql as $$
declare
  w record;
  at record;
  is_final boolean;
  size bigint;
  owner_name text;
  heard_ms bigint;
  ${untilTooLate}
begin
  ${quick}
  results := '';
  foreach owner_name in array new_owners loop
    select n.beat_ms into heard_ms from {schema}.nodes n where n.incarnation = owner_name;
    if not found then
      insert into {schema}.nodes (incarnation, node, version, features, is_draining, started_ms, beat_ms, count)
      values (owner_name, '', '', '[]', false, 0, 0, 0) on conflict do nothing;
    elsif heard_ms < 0 then
      update {schema}.nodes set beat_ms = 0 where incarnation = owner_name and beat_ms < 0;
    end if;
  end loop;
  for w in select * from unnest(kinds, gids, tokens, types, statuses, owners, expect_owners, expect_versions, dues,
    created, updated, finished, incidents, reasons, progresses, checksums, definitions, definition_checksums, set_asides,
    first_branches, branch_counts, most_branches, most_bytes) as w(kind, gid, token, type, status, owner, expect_owner,
    expect_version, due_ms, created_ms, updated_ms, finished_ms, incident, reason, progress, checksum, definition,
    definition_checksum, sets_aside, first_branch, branch_count, most_branches, most_bytes)
  loop
    ${refuseIfTooLate}
    is_final := w.status not in ${unfinished};
    if w.kind = 1 then
      insert into {schema}.transactions (gid, type, status, owner, handed_back, has_incident, version, due_ms, created_ms,
        updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum, create_token, write_token,
        incident, reason, progress)
      values (w.gid, w.type, w.status, w.owner, true, w.incident <> '' and not is_final, 1, w.due_ms, w.created_ms,
        w.updated_ms, w.finished_ms, 0, length(w.definition), 0, w.checksum, w.token, w.token,
        w.incident, w.reason, w.progress)
      on conflict (gid) do nothing returning id, gid, created_ms, has_incident into at;
      if not found then
        select create_token = w.token as is_ours into at from {schema}.transactions where gid = w.gid;
        results := results || case when at.is_ours then 'd' else 'e' end;
        continue;
      end if;
      insert into {schema}.definitions (id, checksum, definition) values (at.id, w.definition_checksum, w.definition);
      if not is_final then
        insert into {schema}.active (owner, id, due_ms, created_ms, status) values (coalesce(w.owner, ''), at.id,
          case when w.owner is null then w.due_ms else 0 end, w.created_ms, w.status);
      end if;
    elsif w.kind = 2 then
      if w.sets_aside then
        insert into {schema}.set_aside (id, what, key, stored, checksum)
        select id, 'progress', '', progress, checksum from {schema}.transactions
          where gid = w.gid and version = w.expect_version and owner is not distinct from w.expect_owner
        union all
        select id, 'columns', '', convert_to(json_build_object('type', type, 'status', status, 'reason', reason,
          'incident', incident, 'created_ms', created_ms, 'updated_ms', updated_ms, 'finished_ms', finished_ms)::text,
          'UTF8'), null from {schema}.transactions
          where gid = w.gid and version = w.expect_version and owner is not distinct from w.expect_owner
        union all
        select d.id, 'definition', '', d.definition, d.checksum from {schema}.definitions d
          join {schema}.transactions t on t.id = d.id
          where gid = w.gid and version = w.expect_version and owner is not distinct from w.expect_owner
        union all
        select b.id, 'branch', b.branch_id || ' ' || b.op, b.branch, b.checksum from {schema}.branches b
          join {schema}.transactions t on t.id = b.id
          where gid = w.gid and version = w.expect_version and owner is not distinct from w.expect_owner
        on conflict do nothing;
      end if;
      update {schema}.transactions set status = w.status, owner = w.owner, handed_back = handed_back or w.owner is null,
        version = version + 1, due_ms = w.due_ms, updated_ms = w.updated_ms, finished_ms = w.finished_ms,
        incident = w.incident, write_token = w.token, reason = w.reason, progress = w.progress, checksum = w.checksum,
        definition_bytes = coalesce(length(w.definition), definition_bytes)
      where gid = w.gid and version = w.expect_version and owner is not distinct from w.expect_owner
      returning id, gid, created_ms, has_incident into at;
      if not found then
        select write_token = w.token as is_ours into at from {schema}.transactions where gid = w.gid;
        results := results || case when not found then 'm' when at.is_ours then 'd' else 'c' end;
        continue;
      end if;
      if is_final then
        delete from {schema}.active where owner = coalesce(w.expect_owner, '') and id = at.id;
      elsif w.owner is not null and w.owner = w.expect_owner then
        update {schema}.active set status = w.status where owner = w.owner and id = at.id and status <> w.status;
        if not found then
          insert into {schema}.active (owner, id, due_ms, created_ms, status)
          values (w.owner, at.id, 0, at.created_ms, w.status) on conflict do nothing;
        end if;
      else
        delete from {schema}.active where owner = coalesce(w.expect_owner, '') and id = at.id;
        insert into {schema}.active (owner, id, due_ms, created_ms, status) values (coalesce(w.owner, ''), at.id,
          case when w.owner is null then w.due_ms else 0 end, at.created_ms, w.status);
      end if;
      if w.sets_aside then
        delete from {schema}.branches where id = at.id;
        delete from {schema}.definitions where id = at.id;
        insert into {schema}.definitions (id, checksum, definition) values (at.id, w.definition_checksum, w.definition);
        update {schema}.transactions set type = w.type, created_ms = w.created_ms, branch_count = 0, branches_bytes = 0,
          create_token = write_token, handed_back = true where id = at.id
        returning id, gid, created_ms, has_incident into at;
      elsif w.definition is not null then
        update {schema}.definitions set definition = w.definition, checksum = w.definition_checksum where id = at.id;
      end if;
    else
      size := 0;
      for counted in 0 .. w.branch_count - 1 loop
        size := size + length(branches[w.first_branch + counted]);
      end loop;
      loop
        begin
          update {schema}.transactions set branch_count = branch_count + w.branch_count,
            branches_bytes = branches_bytes + size,
            due_ms = case when owner is null then coalesce(w.due_ms, due_ms) else due_ms end
          where gid = w.gid and type = w.type and status = w.status
            and branch_count + w.branch_count <= w.most_branches and definition_bytes + branches_bytes + size <= w.most_bytes
          returning id, owner, branch_count - w.branch_count as first into at;
          if found then
            for counted in 0 .. w.branch_count - 1 loop
              insert into {schema}.branches (id, branch_id, op, position, checksum, branch)
              values (at.id, branch_ids[w.first_branch + counted], ops[w.first_branch + counted], at.first + counted,
                branch_checksums[w.first_branch + counted], branches[w.first_branch + counted]);
            end loop;
            if at.owner is null and w.due_ms is not null then
              update {schema}.active set due_ms = w.due_ms where owner = '' and id = at.id;
            end if;
            results := results || 'd';
            exit;
          end if;
        exception when unique_violation then
          results := results || 'e';
          exit;
        end;
        select id, type, status, branch_count, definition_bytes + branches_bytes as bytes into at
          from {schema}.transactions where gid = w.gid;
        if not found then
          results := results || 'm';
          exit;
        elsif at.type <> w.type then
          results := results || 't';
          exit;
        elsif at.status <> w.status then
          results := results || 's';
          exit;
        elsif exists (select 1 from generate_series(w.first_branch, w.first_branch + w.branch_count - 1) as n
          join {schema}.branches b on b.id = at.id and b.branch_id = branch_ids[n] and b.op = ops[n])
          or (select count(*) <> count(distinct (branch_ids[n], ops[n]))
            from generate_series(w.first_branch, w.first_branch + w.branch_count - 1) as n) then
          results := results || 'e';
          exit;
        elsif at.branch_count + w.branch_count > w.most_branches then
          results := results || 'n';
          exit;
        elsif at.bytes + size > w.most_bytes then
          results := results || 'l';
          exit;
        end if;
      end loop;
      continue;
    end if;
    if w.status = 'failed' then
      insert into {schema}.failed (id, gid, created_ms) values (at.id, at.gid, at.created_ms) on conflict do nothing;
    end if;
    if w.incident <> '' and not is_final then
      ${noteIncident('w.incident')}
    elsif at.has_incident then
      delete from {schema}.incidents where id = at.id;
      update {schema}.transactions set has_incident = false where id = at.id;
    end if;
    results := results || 'd';
  end loop;
  commit;
end $$`;

/** Milliseconds by the server's clock. */
const clockMs = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
/** An owner that is gone and owns nothing is forgotten after so long: what it may still have had under way has ended by then. */
const forgetMs = 600_000;

/**
 * `nodes` has a row for every owner of a transaction: `beat_ms` is 0 once it has retired or where it was never heard of,
 * and -1 after a claim has found nothing more that it owns; `started_ms` is then the time of that.
 */
const claim = (lock: string) => {
  const take = (which: string) => /* sql */ `
    for r in select a.owner, a.id, t.definition_bytes + t.branches_bytes as bytes
      from {schema}.active a join {schema}.transactions t on t.id = a.id
      ${which} ${lock}
    loop
      ${refuseIfTooLate}
      if cardinality(ids) >= most or (cardinality(ids) > 0 and bytes > most_bytes) then
        is_full := true;
        exit;
      end if;
      update {schema}.transactions set owner = me, handed_back = handed_back and owner is null, version = version + 1
        where id = r.id and owner is not distinct from nullif(r.owner, '') and status in ${unfinished};
      if found then
        delete from {schema}.active where owner = r.owner and id = r.id returning created_ms, status into at;
        insert into {schema}.active (owner, id, due_ms, created_ms, status)
        values (me, r.id, 0, at.created_ms, at.status) on conflict do nothing;
        ids := ids || r.id;
        bytes := bytes + r.bytes;
      else
        strays := strays + 1;
      end if;
    end loop;`;
  return /* sql */ `
create or replace procedure {schema}.claim_1(
  me text, now_ms bigint, never_ms bigint, dead text[], dead_counts bigint[], most integer, most_bytes bigint,
  inout ids bigint[], inout next_due_ms bigint, inout is_more boolean, inout strays integer)
language plpgsql as $$
declare
  r record;
  at record;
  gone text[];
  ${untilTooLate}
  bytes bigint := 0;
  is_full boolean := false;
begin
  ${quick}
  ids := '{}';
  strays := 0;
  is_more := false;
  select coalesce(array_agg(n.incarnation order by n.incarnation), '{}') into gone from {schema}.nodes n
  where n.incarnation <> me and (n.beat_ms = 0 or exists (
    select 1 from unnest(dead, dead_counts) as d(incarnation, count)
    where d.incarnation = n.incarnation and d.count = n.count and n.beat_ms > 0));
  if cardinality(gone) > 0 then
    ${take(`where a.owner = any(gone) order by a.owner, a.id limit most + 1`)}
    is_more := is_full;
    if not is_full then
      update {schema}.nodes set beat_ms = -1, started_ms = ${clockMs} where incarnation = any(gone) and beat_ms = 0
        and not exists (select 1 from {schema}.active a where a.owner = incarnation);
    end if;
  end if;
  for r in select n.incarnation from {schema}.nodes n where n.beat_ms = -1 and n.started_ms < ${clockMs} - ${forgetMs} loop
    if exists (select 1 from {schema}.active a where a.owner = r.incarnation) then
      update {schema}.nodes set beat_ms = 0 where incarnation = r.incarnation and beat_ms = -1;
    else
      delete from {schema}.nodes where incarnation = r.incarnation and beat_ms = -1;
    end if;
  end loop;
  if not is_full and cardinality(ids) < most then
    ${take(`where a.owner = '' and a.due_ms <= now_ms order by a.due_ms, a.id limit most - cardinality(ids)`)}
  end if;
  if not is_full and cardinality(ids) < most then
    ${take(`where a.owner = '' and a.due_ms > never_ms order by a.due_ms, a.id limit most - cardinality(ids)`)}
  end if;
  select a.due_ms into next_due_ms from {schema}.active a where a.owner = '' order by a.due_ms, a.id limit 1;
  commit;
end $$`;
};

/** Where rows may be locked, those that another node is taking just now are skipped; the conditional update decides. */
export const claiming = { skipping: claim('for update of t skip locked'), lockless: claim('') } as const;

const nodes: readonly string[] = [
  /* sql */ `
create or replace procedure {schema}.heartbeat_1(
  me text, name text, program text, able text, draining boolean, inout heard json)
language plpgsql as $$
declare
  now_ms bigint;
begin
  ${quick}
  now_ms := ${clockMs};
  insert into {schema}.nodes as n (incarnation, node, version, features, is_draining, started_ms, beat_ms, count)
  values (me, name, program, able, draining, now_ms, now_ms, 1)
  on conflict (incarnation) do update set node = name, version = program, features = able, is_draining = draining,
    started_ms = case when n.beat_ms > 0 then n.started_ms else now_ms end, beat_ms = now_ms,
    count = case when n.beat_ms > 0 then n.count + 1 else 1 end,
    is_drain_asked = n.is_drain_asked and n.beat_ms > 0;
  select json_build_object('clockMs', now_ms,
    'server', extract(epoch from pg_postmaster_start_time())::text || ' ' || current_setting('port'),
    'nextDueMs', (select a.due_ms from {schema}.active a where a.owner = '' order by a.due_ms, a.id limit 1),
    'nodes', (select json_agg(json_build_object('incarnation', incarnation, 'node', node, 'version', version,
      'features', features::json, 'isDraining', is_draining, 'startedMs', started_ms, 'beatMs', beat_ms, 'count', count,
      'isDrainAsked', is_drain_asked) order by incarnation) from {schema}.nodes where beat_ms > 0)) into heard;
  commit;
end $$`,
  /* sql */ `
create or replace procedure {schema}.retire_1(of_incarnation text, at_count bigint, inout result text)
language plpgsql as $$
begin
  ${quick}
  update {schema}.nodes set beat_ms = 0, count = 0
  where incarnation = of_incarnation and (at_count is null or count = at_count) and beat_ms > 0;
  result := 'd';
  commit;
end $$`,
  /* sql */ `
create or replace procedure {schema}.drain_1(of_incarnation text, inout is_known boolean)
language plpgsql as $$
begin
  ${quick}
  update {schema}.nodes set is_drain_asked = true where incarnation = of_incarnation and beat_ms > 0;
  is_known := found;
  commit;
end $$`,
];

/** Of one that was claimed and cannot be read: nobody owns it, and it is looked at again after a while. */
const setAside = /* sql */ `
create or replace procedure {schema}.set_aside_1(me text, of_id bigint, due bigint, why text, inout former text)
language plpgsql as $$
declare
  at record;
begin
  ${quick}
  select incident into former from {schema}.transactions where id = of_id;
  update {schema}.transactions set owner = null, version = version + 1, due_ms = due, incident = why
  where id = of_id and owner = me returning id, gid, created_ms, has_incident into at;
  if found then
    update {schema}.active set owner = '', due_ms = due where owner = me and id = of_id;
    ${noteIncident('why')}
  end if;
  commit;
end $$`;

/** d: done, m: unknown gid. */
const makeDue = /* sql */ `
create or replace procedure {schema}.make_due_1(of_gid text, now_ms bigint, inout result text)
language plpgsql as $$
declare
  at record;
begin
  ${quick}
  result := 'd';
  update {schema}.transactions set due_ms = least(due_ms, now_ms), version = version + 1
  where gid = of_gid and status in ${unfinished} returning id, owner, due_ms into at;
  if found then
    if at.owner is null then
      update {schema}.active set due_ms = at.due_ms where owner = '' and id = at.id;
    end if;
  elsif not exists (select 1 from {schema}.transactions where gid = of_gid) then
    result := 'm';
  end if;
  commit;
end $$`;

const makeManyDue = /* sql */ `
create or replace procedure {schema}.make_many_due_1(
  after_ms bigint, most integer, now_ms bigint, inout changed integer, inout has_more boolean)
language plpgsql as $$
declare
  r record;
  seen integer := 0;
begin
  ${quick}
  changed := 0;
  for r in select a.id from {schema}.active a join {schema}.transactions t on t.id = a.id
    where a.owner = '' and a.due_ms > greatest(after_ms, now_ms) order by a.due_ms, a.id limit most + 1
    for update of t skip locked
  loop
    seen := seen + 1;
    exit when seen > most;
    update {schema}.transactions set due_ms = now_ms, version = version + 1 where id = r.id and owner is null;
    if found then
      update {schema}.active set due_ms = now_ms where owner = '' and id = r.id;
      changed := changed + 1;
    end if;
  end loop;
  has_more := seen > most;
  commit;
end $$`;

/** From a place in the order of creation: finished ones are not looked at twice while others wait to be old enough. */
const purge = /* sql */ `
create or replace procedure {schema}.purge_1(
  before_ms bigint, most integer, most_bytes bigint, most_seen integer,
  inout from_ms bigint, inout from_gid text, inout changed integer, inout is_end boolean)
language plpgsql as $$
declare
  r record;
  ids bigint[] := '{}';
  bytes bigint := 0;
  seen integer := 0;
begin
  ${quick}
  is_end := true;
  for r in select id, gid, status, created_ms, finished_ms, definition_bytes + branches_bytes as bytes
    from {schema}.transactions where (created_ms, gid) > (from_ms, from_gid) and created_ms < before_ms
    order by created_ms, gid limit most_seen
  loop
    seen := seen + 1;
    from_ms := r.created_ms;
    from_gid := r.gid;
    if r.finished_ms < before_ms and r.status in ('succeed', 'failed') then
      ids := ids || r.id;
      bytes := bytes + r.bytes;
    end if;
    if cardinality(ids) >= most or bytes >= most_bytes then
      is_end := false;
      exit;
    end if;
  end loop;
  is_end := is_end and seen < most_seen;
  changed := 0;
  if cardinality(ids) > 0 then
    with gone as (delete from {schema}.transactions where id = any(ids) and status in ('succeed', 'failed') returning id)
    select coalesce(array_agg(id), '{}') into ids from gone;
    changed := cardinality(ids);
    delete from {schema}.definitions where id = any(ids);
    delete from {schema}.branches where id = any(ids);
    delete from {schema}.failed where id = any(ids);
    delete from {schema}.set_aside where id = any(ids);
  end if;
  commit;
end $$`;

const alerts: readonly string[] = [
  /* sql */ `
create or replace procedure {schema}.take_alerts_1(
  now_ms bigint, first_ms bigint, longest_ms bigint, most integer, inout taken json, inout next_ms bigint)
language plpgsql as $$
declare
  r record;
  again bigint;
  all_taken jsonb := '[]';
begin
  ${quick}
  for r in select i.id, i.gid, i.incident, i.alert_tries, t.type, t.status
    from {schema}.incidents i join {schema}.transactions t on t.id = i.id
    where i.alert_ms > 0 and (i.alert_ms <= now_ms or i.alert_ms > now_ms + longest_ms)
    order by i.alert_tries, i.alert_ms limit most for update of i skip locked
  loop
    again := now_ms + least(longest_ms, first_ms * (2 ^ least(r.alert_tries, 30))::bigint);
    update {schema}.incidents set alert_ms = again, alert_tries = alert_tries + 1 where id = r.id;
    all_taken := all_taken || jsonb_build_array(jsonb_build_array(r.gid, r.type, r.status, r.incident, again));
  end loop;
  taken := all_taken;
  next_ms := now_ms;
  if jsonb_array_length(all_taken) < most then
    select min(alert_ms) into next_ms from {schema}.incidents where alert_ms > 0;
  end if;
  commit;
end $$`,
  /* sql */ `
create or replace procedure {schema}.alert_told_1(of_gid text, again bigint, inout result text)
language plpgsql as $$
begin
  ${quick}
  update {schema}.incidents set alert_ms = 0, alert_tries = 0
  where id = (select id from {schema}.transactions where gid = of_gid) and alert_ms = again;
  result := 'd';
  commit;
end $$`,
];

const values: readonly string[] = [
  /* sql */ `
create or replace procedure {schema}.put_value_1(
  of_category text, of_key text, new_value text, expect_version bigint, now_ms bigint, inout is_done boolean)
language plpgsql as $$
begin
  ${quick}
  if expect_version = 0 then
    insert into {schema}.key_values (category, key, value, version, created_ms, updated_ms)
    values (of_category, of_key, new_value, 1, now_ms, now_ms) on conflict do nothing;
  else
    update {schema}.key_values set value = new_value, version = version + 1, updated_ms = now_ms
    where category = of_category and key = of_key and version = expect_version;
  end if;
  is_done := found;
  commit;
end $$`,
  /* sql */ `
create or replace procedure {schema}.delete_value_1(of_category text, of_key text, inout is_done boolean)
language plpgsql as $$
begin
  ${quick}
  delete from {schema}.key_values where category = of_category and key = of_key;
  is_done := found;
  commit;
end $$`,
];

const ping = /* sql */ `
create or replace procedure {schema}.ping_1(inout result text)
language plpgsql as $$
begin
  ${quick}
  update {schema}.probe set count = count + 1 where id = 1;
  result := 'd';
  commit;
end $$`;

export const procedures: readonly string[] = [
  write,
  claiming.skipping,
  ...nodes,
  setAside,
  makeDue,
  makeManyDue,
  purge,
  ...alerts,
  ...values,
  ping,
];
