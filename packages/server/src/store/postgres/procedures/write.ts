import { noteIncident, quick, refuseIfTooLate, unfinished, untilTooLate } from './common.ts';

/** What would need more than it did, where somebody lives who could not read it then. Whatever else is wrong comes first. */
const waitForOlder = /* sql */ `
      if (w.kind = 1 and not exists (select 1 from {schema}.transactions where gid = w.gid))
        or (w.kind = 2 and exists (select 1 from {schema}.transactions where gid = w.gid and needs < new_needs
          and version = w.expect_version and owner is not distinct from w.expect_owner))
        or (w.kind = 3 and exists (select 1 from {schema}.transactions where gid = w.gid and needs < new_needs
          and type = w.type and status = w.status)) then
        results := results || 'w';
        continue;
      end if;`;

/** One letter a write, see writer.ts. Writes come in the order of their gids. */
export const write = /* sql */ `
create or replace procedure {schema}.write_1(
  kinds smallint[], gids text[], tokens text[], types text[], statuses text[], owners text[], expect_owners text[],
  expect_versions bigint[], dues bigint[], created bigint[], updated bigint[], finished bigint[], incidents text[],
  reasons text[], progresses bytea[], checksums integer[], definitions bytea[], definition_checksums integer[],
  set_asides boolean[], first_branches integer[], branch_counts integer[], most_branches bigint[], most_bytes bigint[],
  branch_ids text[], ops text[], branches bytea[], branch_checksums integer[], new_owners text[], new_needs integer,
  inout results text)
language plpgsql as $$
declare
  w record;
  at record;
  is_final boolean;
  size bigint;
  owner_name text;
  heard_ms bigint;
  is_early_here boolean := false;
  ${untilTooLate}
begin
  ${quick}
  results := '';
  if new_needs > 0 then
    is_early_here := exists (select 1 from {schema}.nodes n where n.beat_ms > 0 and n.format < new_needs);
  end if;
  foreach owner_name in array new_owners loop
    select n.beat_ms into heard_ms from {schema}.nodes n where n.incarnation = owner_name;
    if not found then
      insert into {schema}.nodes (incarnation, node, version, format, is_draining, started_ms, beat_ms, count)
      values (owner_name, '', '', 0, false, 0, 0, 0) on conflict do nothing;
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
    if is_early_here then
      ${waitForOlder}
    end if;
    if w.kind = 1 then
      insert into {schema}.transactions (gid, type, status, owner, handed_back, has_incident, version, due_ms, created_ms,
        updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum, create_token, write_token,
        incident, reason, progress, needs)
      values (w.gid, w.type, w.status, w.owner, true, w.incident <> '' and not is_final, 1, w.due_ms, w.created_ms,
        w.updated_ms, w.finished_ms, 0, length(w.definition), 0, w.checksum, w.token, w.token,
        w.incident, w.reason, w.progress, new_needs)
      on conflict (gid) do nothing returning id, gid, created_ms, has_incident into at;
      if not found then
        select create_token = w.token as is_ours into at from {schema}.transactions where gid = w.gid;
        results := results || case when at.is_ours then 'd' else 'e' end;
        continue;
      end if;
      insert into {schema}.definitions (id, checksum, definition) values (at.id, w.definition_checksum, w.definition);
      if not is_final then
        insert into {schema}.active (owner, id, due_ms, created_ms, needs, status) values (coalesce(w.owner, ''), at.id,
          case when w.owner is null then w.due_ms else 0 end, w.created_ms, new_needs, w.status);
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
        definition_bytes = coalesce(length(w.definition), definition_bytes), needs = greatest(needs, new_needs)
      where gid = w.gid and version = w.expect_version and owner is not distinct from w.expect_owner
        and branch_count = coalesce(w.branch_count, branch_count)
      returning id, gid, created_ms, has_incident, needs into at;
      if not found then
        select write_token = w.token as is_ours into at from {schema}.transactions where gid = w.gid;
        results := results || case when not found then 'm' when at.is_ours then 'd' else 'c' end;
        continue;
      end if;
      if is_final then
        delete from {schema}.active where owner = coalesce(w.expect_owner, '') and id = at.id;
      elsif w.owner is not null and w.owner = w.expect_owner then
        update {schema}.active set status = w.status, needs = at.needs
        where owner = w.owner and id = at.id and (status <> w.status or needs <> at.needs);
        if not found then
          insert into {schema}.active (owner, id, due_ms, created_ms, needs, status)
          values (w.owner, at.id, 0, at.created_ms, at.needs, w.status) on conflict do nothing;
        end if;
      else
        delete from {schema}.active where owner = coalesce(w.expect_owner, '') and id = at.id;
        insert into {schema}.active (owner, id, due_ms, created_ms, needs, status) values (coalesce(w.owner, ''), at.id,
          case when w.owner is null then w.due_ms else 0 end, at.created_ms, at.needs, w.status);
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
            due_ms = case when owner is null then coalesce(w.due_ms, due_ms) else due_ms end,
            needs = greatest(needs, new_needs)
          where gid = w.gid and type = w.type and status = w.status
            and branch_count + w.branch_count <= w.most_branches and definition_bytes + branches_bytes + size <= w.most_bytes
          returning id, owner, branch_count - w.branch_count as first into at;
          if found then
            for counted in 0 .. w.branch_count - 1 loop
              insert into {schema}.branches (id, branch_id, op, position, checksum, branch)
              values (at.id, branch_ids[w.first_branch + counted], ops[w.first_branch + counted], at.first + counted,
                branch_checksums[w.first_branch + counted], branches[w.first_branch + counted]);
            end loop;
            if new_needs > 0 then
              update {schema}.active set needs = greatest(needs, new_needs) where owner = coalesce(at.owner, '') and id = at.id;
            end if;
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
