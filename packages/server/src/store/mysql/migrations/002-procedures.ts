/**
 * Every write is one call of a procedure, which is one message: it begins, writes and commits before the server reads
 * on, so no stall of ours leaves a lock behind (decision 0028). The number in a name is raised with every change: the
 * program before it calls the one it knows.
 *
 * A row of `transactions` that somebody else holds is skipped and reported, and waited for by another call, for a second:
 * MySQL knows no shorter time. Each procedure sets what it needs of a session by itself. It keeps to
 * READ COMMITTED, where no gap is locked.
 *
 * An assignment of an UPDATE sees those before it: `handed_back` comes before `owner`.
 */

/** Behind the declarations of a procedure. */
const handler = /* sql */ `
  declare exit handler for sqlexception
  begin
    rollback;
    resignal;
  end;`;

/** Its first statements. */
const begin = /* sql */ `
  set session innodb_lock_wait_timeout = 1;
  set transaction isolation level read committed;
  start transaction;`;

/** Milliseconds by the server's clock, whatever its time zone. */
export const clockMs = `(timestampdiff(microsecond, '1970-01-01 00:00:00', utc_timestamp(3)) div 1000)`;

const unfinished = `('prepared', 'submitted', 'aborting')`;

/** What needs somebody is in `incidents`; another incident owes an alert from then on. */
const noteIncident = (id: string, incident: string) => /* sql */ `
      insert into {p}incidents (id, gid, created_ms, incident, alert_ms, alert_tries)
      select id, gid, created_ms, ${incident}, 1, 0 from {p}transactions where id = ${id}
      on duplicate key update
        alert_tries = if({p}incidents.incident = ${incident}, {p}incidents.alert_tries, 0),
        alert_ms = if({p}incidents.incident = ${incident}, {p}incidents.alert_ms, 1),
        incident = ${incident};
      update {p}transactions set has_incident = 1 where id = ${id} and has_incident = 0;`;

const branchTable = /* sql */ `json_table(w_branches, '$[*]' columns (
        position for ordinality,
        branch_id varchar(513) character set utf8mb4 path '$[0]',
        op varchar(256) character set utf8mb4 path '$[1]',
        at bigint path '$[2]',
        size bigint path '$[3]',
        checksum int path '$[4]')) j`;

const readRow = (lock: string) => /* sql */ `
        select id, type, status, owner, version, created_ms, write_token, branch_count, has_incident,
          definition_bytes + branches_bytes
        into r_id, r_type, r_status, r_owner, r_version, r_created, r_write_token, r_count, r_has_incident, r_bytes
        from {p}transactions where gid = w_gid ${lock};`;

/**
 * One letter a write, see writer.ts. Writes come in the order of their gids. What is no number and no name is in
 * `p_bytes`, and they say where; no statement but SET names it, because the server writes out what a statement names, for
 * its logs. No owner is '': older servers read a null in JSON as the word. Texts are read with room for one character more
 * than they may have bytes: what is too long is cut off there, and refused here.
 */
const write = /* sql */ `
create procedure {p}write_1(in p_writes json, in p_bytes longblob, in p_owners json, in p_waits tinyint)
modifies sql data sql security invoker
begin
  declare w_kind tinyint;
  declare w_gid varbinary(512);
  declare w_token, w_owner, w_expect_owner varbinary(255);
  declare w_type, w_status varbinary(32);
  declare w_expect_version, w_due, w_created, w_updated, w_finished bigint;
  declare w_incident_at, w_incident_size, w_reason_at, w_reason_size, w_progress_at, w_progress_size bigint;
  declare w_definition_at, w_definition_size, w_most_branches, w_most_bytes, w_size bigint;
  declare w_checksum, w_definition_checksum, w_branch_count int;
  declare w_sets_aside tinyint;
  declare w_branches json;
  declare w_incident, w_reason, w_progress mediumblob;
  declare w_definition, w_bytes longblob;
  declare r_id, r_version, r_created, r_bytes bigint;
  declare r_type, r_status varbinary(32);
  declare r_owner, r_create_token, r_write_token varbinary(255);
  declare r_count int;
  declare r_has_incident tinyint;
  declare o_incarnation varbinary(255);
  declare o_beat bigint;
  declare is_end, is_double tinyint default 0;
  declare found int;
  declare results longtext default '';
  declare owners cursor for select name from json_table(p_owners, '$[*]' columns (
    name varchar(256) character set utf8mb4 path '$')) j;
  declare writes cursor for select * from json_table(p_writes, '$[*]' columns (
    kind tinyint path '$[0]',
    gid varchar(513) character set utf8mb4 path '$[1]',
    token varchar(256) character set utf8mb4 path '$[2]',
    type varchar(33) character set utf8mb4 path '$[3]',
    status varchar(33) character set utf8mb4 path '$[4]',
    owner varchar(256) character set utf8mb4 path '$[5]',
    expect_owner varchar(256) character set utf8mb4 path '$[6]',
    expect_version bigint path '$[7]',
    due bigint path '$[8]',
    created bigint path '$[9]',
    updated bigint path '$[10]',
    finished bigint path '$[11]',
    incident_at bigint path '$[12]',
    incident_size bigint path '$[13]',
    reason_at bigint path '$[14]',
    reason_size bigint path '$[15]',
    progress_at bigint path '$[16]',
    progress_size bigint path '$[17]',
    checksum int path '$[18]',
    definition_at bigint path '$[19]',
    definition_size bigint path '$[20]',
    definition_checksum int path '$[21]',
    sets_aside tinyint path '$[22]',
    most_branches bigint path '$[23]',
    most_bytes bigint path '$[24]',
    size bigint path '$[25]',
    branch_count int path '$[26]',
    branches json path '$[27]')) j;
  declare continue handler for not found set is_end = 1;
  declare continue handler for 1062 set is_double = 1;${handler}
  ${begin}
  open owners;
  each_owner: loop
    set is_end = 0;
    fetch owners into o_incarnation;
    if is_end then
      leave each_owner;
    end if;
    set o_beat = null;
    select beat_ms into o_beat from {p}nodes where incarnation = o_incarnation;
    if o_beat is null then
      insert into {p}nodes (incarnation, node, version, features, is_draining, started_ms, beat_ms, count)
      values (o_incarnation, '', '', '[]', 0, 0, 0, 0);
    elseif o_beat < 0 then
      update {p}nodes set beat_ms = 0 where incarnation = o_incarnation and beat_ms < 0;
    end if;
  end loop;
  close owners;
  open writes;
  each_write: loop
    set is_end = 0;
    fetch writes into w_kind, w_gid, w_token, w_type, w_status, w_owner, w_expect_owner, w_expect_version, w_due,
      w_created, w_updated, w_finished, w_incident_at, w_incident_size, w_reason_at, w_reason_size, w_progress_at,
      w_progress_size, w_checksum, w_definition_at, w_definition_size, w_definition_checksum, w_sets_aside,
      w_most_branches, w_most_bytes, w_size, w_branch_count, w_branches;
    if is_end then
      leave each_write;
    end if;
    set is_double = 0, r_id = null, r_has_incident = 0,
      w_owner = nullif(w_owner, ''), w_expect_owner = nullif(w_expect_owner, ''),
      w_incident = substr(p_bytes, w_incident_at, w_incident_size),
      w_reason = substr(p_bytes, w_reason_at, w_reason_size),
      w_progress = substr(p_bytes, w_progress_at, w_progress_size),
      w_definition = substr(p_bytes, w_definition_at, w_definition_size);
    if w_kind = 1 then
      insert into {p}transactions (gid, type, status, owner, handed_back, has_incident, version, due_ms, created_ms,
        updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum, definition_checksum,
        create_token, write_token, incident, reason, progress, definition)
      values (w_gid, w_type, w_status, w_owner, 1, 0, 1, w_due, w_created, w_updated, w_finished, 0,
        w_definition_size, 0, w_checksum, w_definition_checksum, w_token, w_token,
        w_incident, w_reason,
        w_progress, w_definition);
      if is_double then
        set r_create_token = null;
        select create_token into r_create_token from {p}transactions where gid = w_gid;
        set results = concat(results, if(r_create_token = w_token, 'd', 'e'));
        iterate each_write;
      end if;
      set r_id = last_insert_id();
      if w_status in ${unfinished} then
        insert into {p}active (owner, id, due_ms, created_ms, status)
        values (ifnull(w_owner, ''), r_id, if(w_owner is null, w_due, 0), w_created, w_status);
      end if;
    else
      if p_waits then
        ${readRow('for update')}
      else
        ${readRow('for update skip locked')}
      end if;
      if r_id is null then
        select count(*) into found from {p}transactions where gid = w_gid;
        set results = concat(results, if(found > 0, 'k', 'm'));
        iterate each_write;
      end if;
      if w_kind = 3 then
        if r_type <> w_type then
          set results = concat(results, 't');
        elseif r_status <> w_status then
          set results = concat(results, 's');
        elseif r_count + w_branch_count > w_most_branches or r_bytes + w_size > w_most_bytes then
          select count(*) into found from ${branchTable}
            straight_join {p}branches b on b.id = r_id and b.branch_id = cast(j.branch_id as binary) and b.op = cast(j.op as binary);
          if found = 0 then
            select count(*) - count(distinct cast(branch_id as binary), cast(op as binary)) into found from ${branchTable};
          end if;
          set results = concat(results, case when found > 0 then 'e'
            when r_count + w_branch_count > w_most_branches then 'n' else 'l' end);
        else
          set w_bytes = substr(p_bytes, w_definition_at, w_size);
          insert into {p}branches (id, branch_id, op, position, checksum, branch)
          select r_id, j.branch_id, j.op, r_count + j.position - 1, j.checksum, substr(w_bytes, j.at, j.size)
          from ${branchTable};
          if is_double then
            set results = concat(results, 'e');
          else
            update {p}transactions set branch_count = branch_count + w_branch_count,
              branches_bytes = branches_bytes + w_size, due_ms = if(owner is null, ifnull(w_due, due_ms), due_ms)
            where id = r_id;
            if r_owner is null and w_due is not null then
              update {p}active set due_ms = w_due where owner = '' and id = r_id;
            end if;
            set results = concat(results, 'd');
          end if;
        end if;
        iterate each_write;
      end if;
      if r_version <> w_expect_version or not (r_owner <=> w_expect_owner) then
        set results = concat(results, if(r_write_token = w_token, 'd', 'c'));
        iterate each_write;
      end if;
      if w_sets_aside then
        insert ignore into {p}set_aside (id, what, name, content, checksum)
        select id, 'progress', '', progress, checksum from {p}transactions where id = r_id
        union all
        select id, 'columns', '', json_object('type', convert(type using utf8mb4), 'status',
          convert(status using utf8mb4), 'reason', convert(reason using utf8mb4), 'incident',
          convert(incident using utf8mb4), 'created_ms', created_ms, 'updated_ms', updated_ms, 'finished_ms',
          finished_ms), null from {p}transactions where id = r_id
        union all
        select id, 'definition', '', definition, definition_checksum from {p}transactions where id = r_id
        union all
        select id, 'branch', concat(branch_id, ' ', op), branch, checksum from {p}branches where id = r_id;
        delete from {p}branches where id = r_id;
        update {p}transactions set type = w_type, created_ms = w_created, branch_count = 0, branches_bytes = 0,
          create_token = w_token, handed_back = 1 where id = r_id;
      end if;
      update {p}transactions set status = w_status, handed_back = handed_back or w_owner is null, owner = w_owner,
        version = version + 1, due_ms = w_due, updated_ms = w_updated, finished_ms = w_finished, write_token = w_token,
        incident = w_incident, reason = w_reason,
        progress = w_progress, checksum = w_checksum
      where id = r_id;
      if w_definition_size is not null then
        update {p}transactions set definition = w_definition,
          definition_bytes = w_definition_size, definition_checksum = w_definition_checksum where id = r_id;
      end if;
      if w_status not in ${unfinished} then
        delete from {p}active where owner = ifnull(r_owner, '') and id = r_id;
      elseif w_owner is not null and w_owner = r_owner and r_status in ${unfinished} then
        if w_status <> r_status then
          update {p}active set status = w_status where owner = w_owner and id = r_id;
        end if;
      else
        delete from {p}active where owner = ifnull(r_owner, '') and id = r_id;
        insert into {p}active (owner, id, due_ms, created_ms, status)
        values (ifnull(w_owner, ''), r_id, if(w_owner is null, w_due, 0), r_created, w_status);
      end if;
    end if;
    if w_status = 'failed' then
      insert ignore into {p}failed (id, gid, created_ms) select id, gid, created_ms from {p}transactions where id = r_id;
    end if;
    if w_incident_size > 0 and w_status in ${unfinished} then
      ${noteIncident('r_id', 'w_incident')}
    elseif r_has_incident then
      delete from {p}incidents where id = r_id;
      update {p}transactions set has_incident = 0 where id = r_id;
    end if;
    set results = concat(results, 'd');
  end loop;
  close writes;
  commit;
  select results;
end`;

/** An owner that is gone and owns nothing is forgotten after so long: what it may still have had under way has ended by then. */
const forgetMs = 600_000;

/**
 * Rows of `active` that are taken, in the order of a key: where they were sorted, all of them would be locked first. In a
 * block of its own, for its cursor. Uses the variables of `claim`.
 */
const take = (key: 'primary' | 'due', which: string, lock: string) => /* sql */ `
  begin
    declare at_end tinyint default 0;
    declare candidates cursor for
      select a.owner, a.id, t.definition_bytes + t.branches_bytes
      from {p}active a force index (${key}) straight_join {p}transactions t on t.id = a.id ${which} ${lock};
    declare continue handler for not found set at_end = 1;
    open candidates;
    each_candidate: loop
      fetch candidates into c_owner, c_id, c_bytes;
      if at_end then
        leave each_candidate;
      end if;
      if taken >= p_most or (taken > 0 and taken_bytes > p_most_bytes) then
        set is_full = 1;
        leave each_candidate;
      end if;
      update {p}transactions set handed_back = handed_back and owner is null, owner = p_me, version = version + 1
      where id = c_id and owner <=> nullif(c_owner, '') and status in ${unfinished};
      if row_count() > 0 then
        insert ignore into {p}active (owner, id, due_ms, created_ms, status)
        select p_me, id, 0, created_ms, status from {p}active where owner = c_owner and id = c_id;
        delete from {p}active where owner = c_owner and id = c_id;
        set ids = concat(ids, ',', c_id), taken = taken + 1, taken_bytes = taken_bytes + c_bytes;
      else
        set strays = strays + 1;
      end if;
    end loop;
    close candidates;
  end;`;

/**
 * `nodes` has a row for every owner of a transaction: `beat_ms` is 0 once it has retired or where it was never heard of,
 * and -1 after a claim has found nothing more that it owns; `started_ms` is then the time of that.
 */
const claim = (lock: string) => /* sql */ `
create procedure {p}claim_1(
  in p_me varbinary(255), in p_now bigint, in p_never bigint, in p_dead json, in p_most int, in p_most_bytes bigint)
modifies sql data sql security invoker
begin
  declare ids longtext default '';
  declare taken, strays, room, found int default 0;
  declare taken_bytes, c_id, c_bytes, next_due bigint default 0;
  declare is_full, is_more, is_end tinyint default 0;
  declare c_owner, o_incarnation varbinary(255);
  declare o_beat bigint;
  declare gone cursor for
    select n.incarnation, n.beat_ms from {p}nodes n
    where n.incarnation <> p_me and (n.beat_ms = 0 or (n.beat_ms > 0 and exists (
      select 1 from json_table(p_dead, '$[*]' columns (
        incarnation varchar(256) character set utf8mb4 path '$[0]', count bigint path '$[1]')) d
      where cast(d.incarnation as binary) = n.incarnation and d.count = n.count)))
    order by n.incarnation;
  declare forgotten cursor for
    select n.incarnation from {p}nodes n where n.beat_ms = -1 and n.started_ms < ${clockMs} - ${forgetMs};
  declare continue handler for not found set is_end = 1;${handler}
  ${begin}
  open gone;
  each_gone: loop
    set is_end = 0;
    fetch gone into o_incarnation, o_beat;
    if is_end or is_full then
      leave each_gone;
    end if;
    set room = p_most - taken + 1, found = taken + strays;
    ${take('primary', 'where a.owner = o_incarnation order by a.id limit room', lock)}
    if o_beat = 0 and found = taken + strays and not is_full then
      if not exists (select 1 from {p}active where owner = o_incarnation) then
        update {p}nodes set started_ms = ${clockMs}, beat_ms = -1 where incarnation = o_incarnation and beat_ms = 0;
      end if;
    end if;
  end loop;
  close gone;
  set is_more = is_full;
  open forgotten;
  each_forgotten: loop
    set is_end = 0;
    fetch forgotten into o_incarnation;
    if is_end then
      leave each_forgotten;
    end if;
    if exists (select 1 from {p}active where owner = o_incarnation) then
      update {p}nodes set beat_ms = 0 where incarnation = o_incarnation and beat_ms = -1;
    else
      delete from {p}nodes where incarnation = o_incarnation and beat_ms = -1;
    end if;
  end loop;
  close forgotten;
  set room = p_most - taken;
  if not is_full and room > 0 then
    ${take('due', "where a.owner = '' and a.due_ms <= p_now order by a.due_ms, a.id limit room", lock)}
  end if;
  set room = p_most - taken;
  if not is_full and room > 0 then
    ${take('due', "where a.owner = '' and a.due_ms > p_never order by a.due_ms, a.id limit room", lock)}
  end if;
  set next_due = null;
  select due_ms into next_due from {p}active where owner = '' order by due_ms, id limit 1;
  commit;
  select ids, next_due, is_more, strays;
end`;

/** Where rows may be locked, those that another node is taking just now are skipped; the conditional update decides. */
export const claiming = { skipping: claim('for update skip locked'), lockless: claim('') } as const;

/** Nodes count back to the start of a server from its whole seconds of uptime: they may differ by so much. */
const sameStartSeconds = 3;

const nodes: readonly string[] = [
  /* sql */ `
create procedure {p}heartbeat_1(in p_me varbinary(255), in p_node blob, in p_version blob, in p_features blob,
  in p_draining tinyint, in p_started bigint)
modifies sql data sql security invoker
begin
  declare now_ms bigint;
  declare next_due, known bigint;
  declare host varbinary(255);
  declare continue handler for not found begin end;${handler}
  ${begin}
  set now_ms = ${clockMs}, host = concat(@@server_id, ' ', @@hostname, ':', @@port);
  select started_s into known from {p}servers where name = host;
  if known is null or abs(known - p_started) > ${sameStartSeconds} then
    insert into {p}servers (name, started_s) values (host, p_started)
    on duplicate key update started_s = if(abs(started_s - p_started) > ${sameStartSeconds}, p_started, started_s);
    select started_s into known from {p}servers where name = host;
  end if;
  insert into {p}nodes (incarnation, node, version, features, is_draining, started_ms, beat_ms, count)
  values (p_me, p_node, p_version, p_features, p_draining, now_ms, now_ms, 1)
  on duplicate key update node = p_node, version = p_version, features = p_features, is_draining = p_draining,
    is_drain_asked = is_drain_asked and beat_ms > 0, started_ms = if(beat_ms > 0, started_ms, now_ms), count = if(beat_ms > 0, count + 1, 1), beat_ms = now_ms;
  commit;
  select due_ms into next_due from {p}active where owner = '' order by due_ms, id limit 1;
  select now_ms, concat(convert(host using utf8mb4), ' ', known), next_due;
  select convert(incarnation using utf8mb4), convert(node using utf8mb4), convert(version using utf8mb4),
    convert(features using utf8mb4), is_draining, started_ms, beat_ms, count,
    is_drain_asked
  from {p}nodes where beat_ms > 0 order by incarnation;
end`,
  /* sql */ `
create procedure {p}retire_1(in p_incarnation varbinary(255), in p_count bigint)
modifies sql data sql security invoker
begin${handler}
  ${begin}
  update {p}nodes set beat_ms = 0, count = 0
  where incarnation = p_incarnation and (p_count is null or count = p_count) and beat_ms > 0;
  commit;
end`,
  /* sql */ `
create procedure {p}drain_1(in p_incarnation varbinary(255))
modifies sql data sql security invoker
begin
  declare known int default 0;${handler}
  ${begin}
  update {p}nodes set is_drain_asked = 1 where incarnation = p_incarnation and beat_ms > 0;
  select count(*) into known from {p}nodes where incarnation = p_incarnation and beat_ms > 0;
  commit;
  select known;
end`,
];

/** Of one that was claimed and cannot be read: nobody owns it, and it is looked at again after a while. */
const setAside = /* sql */ `
create procedure {p}set_aside_1(in p_me varbinary(255), in p_id bigint, in p_due bigint, in p_why mediumblob)
modifies sql data sql security invoker
begin
  declare former mediumblob;
  declare continue handler for not found begin end;${handler}
  ${begin}
  select incident into former from {p}transactions where id = p_id;
  update {p}transactions set owner = null, version = version + 1, due_ms = p_due, incident = p_why
  where id = p_id and owner = p_me;
  if row_count() > 0 then
    update {p}active set owner = '', due_ms = p_due where owner = p_me and id = p_id;
    ${noteIncident('p_id', 'p_why')}
  end if;
  commit;
  select convert(former using utf8mb4);
end`;

/** d: done, m: unknown gid. */
const makeDue = /* sql */ `
create procedure {p}make_due_1(in p_gid varbinary(512), in p_now bigint)
modifies sql data sql security invoker
begin
  declare r_id bigint;
  declare r_owner varbinary(255);
  declare r_status varbinary(32);
  declare continue handler for not found begin end;${handler}
  ${begin}
  select id, owner, status into r_id, r_owner, r_status from {p}transactions where gid = p_gid for update;
  if r_status in ${unfinished} then
    update {p}transactions set due_ms = least(due_ms, p_now), version = version + 1 where id = r_id;
    if r_owner is null then
      update {p}active set due_ms = least(due_ms, p_now) where owner = '' and id = r_id;
    end if;
  end if;
  commit;
  select if(r_id is null, 'm', 'd');
end`;

const makeManyDue = /* sql */ `
create procedure {p}make_many_due_1(in p_after bigint, in p_most int, in p_now bigint)
modifies sql data sql security invoker
begin
  declare changed, seen, asked int default 0;
  declare c_id bigint;
  declare is_end tinyint default 0;
  declare candidates cursor for
    select a.id from {p}active a force index (due) straight_join {p}transactions t on t.id = a.id
    where a.owner = '' and a.due_ms > greatest(p_after, p_now) order by a.due_ms, a.id limit asked
    for update skip locked;
  declare continue handler for not found set is_end = 1;${handler}
  ${begin}
  set asked = p_most + 1;
  open candidates;
  each_candidate: loop
    fetch candidates into c_id;
    if is_end then
      leave each_candidate;
    end if;
    set seen = seen + 1;
    if seen > p_most then
      leave each_candidate;
    end if;
    update {p}transactions set due_ms = p_now, version = version + 1 where id = c_id and owner is null;
    if row_count() > 0 then
      update {p}active set due_ms = p_now where owner = '' and id = c_id;
      set changed = changed + 1;
    end if;
  end loop;
  close candidates;
  commit;
  select changed, seen > p_most;
end`;

/** From a place in the order of creation: finished ones are not looked at twice while others wait to be old enough. */
const purge = /* sql */ `
create procedure {p}purge_1(in p_before bigint, in p_most int, in p_most_bytes bigint, in p_most_seen int,
  in p_from bigint, in p_from_gid varbinary(512))
modifies sql data sql security invoker
begin
  declare changed, seen int default 0;
  declare bytes, c_id, c_created, c_finished, c_bytes bigint default 0;
  declare c_gid varbinary(512);
  declare c_status varbinary(32);
  declare is_end, is_all tinyint default 0;
  declare candidates cursor for
    select id, gid, status, created_ms, finished_ms, definition_bytes + branches_bytes from {p}transactions
    where created_ms >= p_from and created_ms < p_before and (created_ms > p_from or gid > p_from_gid)
    order by created_ms, gid limit p_most_seen;
  declare continue handler for not found set is_end = 1;${handler}
  ${begin}
  set is_all = 1, c_created = p_from, c_gid = p_from_gid;
  open candidates;
  each_candidate: loop
    fetch candidates into c_id, c_gid, c_status, c_created, c_finished, c_bytes;
    if is_end then
      leave each_candidate;
    end if;
    set seen = seen + 1;
    if c_finished < p_before and c_status in ('succeed', 'failed') then
      delete from {p}transactions where id = c_id and status in ('succeed', 'failed');
      if row_count() > 0 then
        delete from {p}branches where id = c_id;
        delete from {p}failed where id = c_id;
        delete from {p}set_aside where id = c_id;
        set changed = changed + 1, bytes = bytes + c_bytes;
      end if;
    end if;
    if changed >= p_most or bytes >= p_most_bytes then
      set is_all = 0;
      leave each_candidate;
    end if;
  end loop;
  close candidates;
  commit;
  select c_created, convert(c_gid using utf8mb4), changed, is_all and seen < p_most_seen;
end`;

const alerts: readonly string[] = [
  /* sql */ `
create procedure {p}take_alerts_1(in p_now bigint, in p_first bigint, in p_longest bigint, in p_most int)
modifies sql data sql security invoker
begin
  declare c_id, again, next_ms bigint;
  declare c_tries, taken int default 0;
  declare is_end tinyint default 0;
  declare ids json default json_array();
  declare candidates cursor for
    select id, alert_tries from {p}incidents
    where alert_ms > 0 and (alert_ms <= p_now or alert_ms > p_now + p_longest)
    order by alert_tries, alert_ms limit p_most for update skip locked;
  declare continue handler for not found set is_end = 1;${handler}
  ${begin}
  open candidates;
  each_candidate: loop
    fetch candidates into c_id, c_tries;
    if is_end then
      leave each_candidate;
    end if;
    set again = p_now + least(p_longest, p_first * (1 << least(c_tries, 30)));
    update {p}incidents set alert_ms = again, alert_tries = alert_tries + 1 where id = c_id;
    set taken = taken + 1, ids = json_array_append(ids, '$', c_id);
  end loop;
  close candidates;
  set next_ms = p_now;
  if taken < p_most then
    select min(alert_ms) into next_ms from {p}incidents where alert_ms > 0;
  end if;
  select convert(i.gid using utf8mb4), convert(t.type using utf8mb4), convert(t.status using utf8mb4),
    convert(i.incident using utf8mb4), i.alert_ms
  from json_table(ids, '$[*]' columns (position for ordinality, id bigint path '$')) j
    straight_join {p}incidents i on i.id = j.id straight_join {p}transactions t on t.id = j.id
  order by j.position;
  commit;
  select next_ms;
end`,
  /* sql */ `
create procedure {p}alert_told_1(in p_gid varbinary(512), in p_again bigint)
modifies sql data sql security invoker
begin
  declare r_id bigint;
  declare continue handler for not found begin end;${handler}
  ${begin}
  select id into r_id from {p}transactions where gid = p_gid;
  update {p}incidents set alert_ms = 0, alert_tries = 0 where id = r_id and alert_ms = p_again;
  commit;
end`,
];

const values: readonly string[] = [
  /* sql */ `
create procedure {p}put_value_1(in p_category varbinary(255), in p_name varbinary(1024), in p_value longblob,
  in p_version bigint, in p_now bigint)
modifies sql data sql security invoker
begin
  declare is_double tinyint default 0;
  declare changed int default 0;
  declare continue handler for 1062 set is_double = 1;${handler}
  ${begin}
  if p_version = 0 then
    insert into {p}key_values (category, name, value, version, created_ms, updated_ms)
    values (p_category, p_name, p_value, 1, p_now, p_now);
    set changed = not is_double;
  else
    update {p}key_values set value = p_value, version = version + 1, updated_ms = p_now
    where category = p_category and name = p_name and version = p_version;
    set changed = row_count();
  end if;
  commit;
  select changed;
end`,
  /* sql */ `
create procedure {p}delete_value_1(in p_category varbinary(255), in p_name varbinary(1024))
modifies sql data sql security invoker
begin
  declare changed int default 0;${handler}
  ${begin}
  delete from {p}key_values where category = p_category and name = p_name;
  set changed = row_count();
  commit;
  select changed;
end`,
];

const ping = /* sql */ `
create procedure {p}ping_1()
modifies sql data sql security invoker
begin${handler}
  ${begin}
  update {p}probe set count = count + 1 where id = 1;
  commit;
end`;

const all = [write, claiming.skipping, ...nodes, setAside, makeDue, makeManyDue, purge, ...alerts, ...values, ping];

/** MySQL creates no procedure that is there, and replaces none: a statement that is run again begins by dropping it. */
export const procedures: readonly string[] = all.flatMap((text) => [dropOf(text), text]);

export function dropOf(create: string): string {
  const [, name = ''] = /create procedure (\{p\}\w+)/.exec(create) ?? [];
  return `drop procedure if exists ${name}`;
}
