import { begin, handler, noteIncident, unfinished } from './common.ts';

/** Of one that was claimed and cannot be read: nobody owns it, and it is looked at again after a while. */
export const setAside = /* sql */ `
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

/** Of an unfinished one that is still as it was read. Everything else of it stays as it is, its version too. */
export const noteOnRow = /* sql */ `
create procedure {p}note_1(in p_gid varbinary(512), in p_owner varbinary(255), in p_version bigint, in p_why mediumblob)
modifies sql data sql security invoker
begin
  declare r_id bigint;
  declare continue handler for not found begin end;${handler}
  ${begin}
  select id into r_id from {p}transactions
  where gid = p_gid and owner <=> p_owner and version = p_version and status in ${unfinished} for update;
  if r_id is not null then
    update {p}transactions set incident = p_why where id = r_id;
    ${noteIncident('r_id', 'p_why')}
  end if;
  commit;
  select r_id is not null;
end`;

/** d: done, m: unknown gid. */
export const makeDue = /* sql */ `
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

export const makeManyDue = /* sql */ `
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
export const purge = /* sql */ `
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
