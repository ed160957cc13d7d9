import { noteIncident, quick, unfinished } from './common.ts';

/** Of one that was claimed and cannot be read: nobody owns it, and it is looked at again after a while. */
export const setAside = /* sql */ `
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

/** Of an unfinished one that is still as it was read. Everything else of it stays as it is, its version too. */
export const noteOnRow = /* sql */ `
create or replace procedure {schema}.note_1(of_gid text, of_owner text, of_version bigint, why text, inout is_noted boolean)
language plpgsql as $$
declare
  at record;
begin
  ${quick}
  update {schema}.transactions set incident = why
  where gid = of_gid and owner is not distinct from of_owner and version = of_version and status in ${unfinished}
  returning id, gid, created_ms, has_incident into at;
  is_noted := found;
  if is_noted then
    ${noteIncident('why')}
  end if;
  commit;
end $$`;

/** d: done, m: unknown gid. */
export const makeDue = /* sql */ `
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

export const makeManyDue = /* sql */ `
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
export const purge = /* sql */ `
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
