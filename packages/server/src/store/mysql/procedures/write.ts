import { begin, handler, isTooLate, noteIncident, unfinished, untilTooLate } from './common.ts';
import { quickCreations, quickEnds } from './quick.ts';

const branchTable = /* sql */ `json_table(w_branches, '$[*]' columns (
        position for ordinality,
        branch_id varchar(513) character set utf8mb4 path '$[0]',
        op varchar(256) character set utf8mb4 path '$[1]',
        at bigint path '$[2]',
        size bigint path '$[3]',
        checksum int path '$[4]')) j`;

const readRow = /* sql */ `
        select id, type, status, owner, version, created_ms, write_token, branch_count, has_incident,
          definition_bytes + branches_bytes, needs
        into r_id, r_type, r_status, r_owner, r_version, r_created, r_write_token, r_count, r_has_incident, r_bytes, r_needs
        from {p}transactions where gid = w_gid for update skip locked;`;

/**
 * One letter a write, see writer.ts. Writes come in the order of their gids. What is no number and no name is in
 * `p_bytes`, and they say where; no statement but SET names it, and those of quick.ts while it is small, because the server
 * writes out what a statement names, for its logs. No owner is '': older servers read a null in JSON as the word. Texts are read with room for one character more
 * than they may have bytes: what is too long is cut off there, and refused here.
 */
export const write = /* sql */ `
create procedure {p}write_1(
  in p_creations json, in p_ends json, in p_writes json, in p_bytes longblob, in p_owners json, in p_needs int)
modifies sql data sql security invoker
whole: begin
  declare w_kind tinyint;
  declare w_gid varbinary(512);
  declare w_token, w_owner, w_expect_owner varbinary(255);
  declare w_type, w_status varbinary(32);
  declare w_expect_version, w_due, w_created, w_updated, w_finished bigint;
  declare w_incident_at, w_incident_size, w_reason_at, w_reason_size, w_progress_at, w_progress_size bigint;
  declare w_definition_at, w_definition_size, w_most_branches, w_most_bytes, w_size, w_branches_at, w_branches_size bigint;
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
  declare r_needs int;
  declare o_incarnation varbinary(255);
  declare o_beat bigint;
  declare is_end, is_double tinyint default 0;
  declare found int;
  declare early int default 0;
  declare results longtext default '';
  ${untilTooLate}
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
    branches_at bigint path '$[27]',
    branches_size bigint path '$[28]')) j;
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
      insert into {p}nodes (incarnation, node, version, format, is_draining, started_ms, beat_ms, count)
      values (o_incarnation, '', '', 0, 0, 0, 0, 0);
    elseif o_beat < 0 then
      update {p}nodes set beat_ms = 0 where incarnation = o_incarnation and beat_ms < 0;
    end if;
  end loop;
  close owners;
  if p_needs > 0 then
    select count(*) into early from {p}nodes where beat_ms > 0 and format < p_needs;
  end if;
  ${quickCreations}
  ${quickEnds}
  if json_length(p_writes) = 0 then
    commit;
    select '';
    leave whole;
  end if;
  open writes;
  each_write: loop
    set is_end = 0;
    fetch writes into w_kind, w_gid, w_token, w_type, w_status, w_owner, w_expect_owner, w_expect_version, w_due,
      w_created, w_updated, w_finished, w_incident_at, w_incident_size, w_reason_at, w_reason_size, w_progress_at,
      w_progress_size, w_checksum, w_definition_at, w_definition_size, w_definition_checksum, w_sets_aside,
      w_most_branches, w_most_bytes, w_size, w_branch_count, w_branches_at, w_branches_size;
    if is_end then
      leave each_write;
    end if;
    if ${isTooLate} then
      set results = concat(results, 'k');
      iterate each_write;
    end if;
    set is_double = 0, r_id = null, r_has_incident = 0,
      w_owner = nullif(w_owner, ''), w_expect_owner = nullif(w_expect_owner, ''),
      w_incident = substr(p_bytes, w_incident_at, w_incident_size),
      w_reason = substr(p_bytes, w_reason_at, w_reason_size),
      w_progress = substr(p_bytes, w_progress_at, w_progress_size),
      w_definition = substr(p_bytes, w_definition_at, w_definition_size);
    if early > 0 and w_kind = 1 then
      select count(*) into found from {p}transactions where gid = w_gid;
      if found = 0 then
        set results = concat(results, 'w');
        iterate each_write;
      end if;
    end if;
    if w_kind = 1 then
      insert into {p}transactions (gid, type, status, owner, handed_back, has_incident, version, due_ms, created_ms,
        updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum, definition_checksum,
        create_token, write_token, incident, reason, progress, definition, needs)
      values (w_gid, w_type, w_status, w_owner, 1, 0, 1, w_due, w_created, w_updated, w_finished, 0,
        w_definition_size, 0, w_checksum, w_definition_checksum, w_token, w_token,
        w_incident, w_reason,
        w_progress, w_definition, p_needs);
      if is_double then
        set r_create_token = null;
        select create_token into r_create_token from {p}transactions where gid = w_gid;
        set results = concat(results, if(r_create_token = w_token, 'd', 'e'));
        iterate each_write;
      end if;
      set r_id = last_insert_id();
      if w_status in ${unfinished} then
        insert into {p}active (owner, id, due_ms, created_ms, needs, status)
        values (ifnull(w_owner, ''), r_id, if(w_owner is null, w_due, 0), w_created, p_needs, w_status);
      end if;
    else
      ${readRow}
      if r_id is null then
        select count(*) into found from {p}transactions where gid = w_gid;
        set results = concat(results, if(found > 0, 'k', 'm'));
        iterate each_write;
      end if;
      if early > 0 and r_needs < p_needs and if(w_kind = 3, r_type = w_type and r_status = w_status,
          r_version = w_expect_version and r_owner <=> w_expect_owner) then
        set results = concat(results, 'w');
        iterate each_write;
      end if;
      if w_kind = 3 then
        set w_branches = convert(substr(p_bytes, w_branches_at, w_branches_size) using utf8mb4);
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
              branches_bytes = branches_bytes + w_size, due_ms = if(owner is null, ifnull(w_due, due_ms), due_ms),
              needs = greatest(needs, p_needs)
            where id = r_id;
            if p_needs > r_needs then
              update {p}active set needs = p_needs where owner = ifnull(r_owner, '') and id = r_id;
            end if;
            if r_owner is null and w_due is not null then
              update {p}active set due_ms = w_due where owner = '' and id = r_id;
            end if;
            set results = concat(results, 'd');
          end if;
        end if;
        iterate each_write;
      end if;
      if r_version <> w_expect_version or not (r_owner <=> w_expect_owner)
          or r_count <> ifnull(w_branch_count, r_count) then
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
        progress = w_progress, checksum = w_checksum, needs = greatest(needs, p_needs)
      where id = r_id;
      if w_definition_size is not null then
        update {p}transactions set definition = w_definition,
          definition_bytes = w_definition_size, definition_checksum = w_definition_checksum where id = r_id;
      end if;
      if w_status not in ${unfinished} then
        delete from {p}active where owner = ifnull(r_owner, '') and id = r_id;
      elseif w_owner is not null and w_owner = r_owner and r_status in ${unfinished} then
        if w_status <> r_status or p_needs > r_needs then
          update {p}active set status = w_status, needs = greatest(needs, p_needs) where owner = w_owner and id = r_id;
        end if;
      else
        delete from {p}active where owner = ifnull(r_owner, '') and id = r_id;
        insert into {p}active (owner, id, due_ms, created_ms, needs, status)
        values (ifnull(w_owner, ''), r_id, if(w_owner is null, w_due, 0), r_created, greatest(r_needs, p_needs),
          w_status);
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
