import { clockMs, quick, refuseIfTooLate, unfinished, untilTooLate } from './common.ts';

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
        delete from {schema}.active where owner = r.owner and id = r.id returning created_ms, needs, status into at;
        insert into {schema}.active (owner, id, due_ms, created_ms, needs, status)
        values (me, r.id, 0, at.created_ms, at.needs, at.status) on conflict do nothing;
        ids := ids || r.id;
        bytes := bytes + r.bytes;
      else
        strays := strays + 1;
      end if;
    end loop;`;
  return /* sql */ `
create or replace procedure {schema}.claim_1(
  me text, now_ms bigint, from_ms bigint, never_ms bigint, dead text[], dead_counts bigint[], most integer,
  most_bytes bigint, knows integer,
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
    ${take(`where a.owner = any(gone) and a.needs <= knows order by a.owner, a.id limit most + 1`)}
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
    ${take(`where a.owner = '' and a.due_ms >= from_ms and a.due_ms <= now_ms and a.needs <= knows order by a.due_ms, a.id limit most - cardinality(ids)`)}
  end if;
  if not is_full and cardinality(ids) < most then
    ${take(`where a.owner = '' and a.due_ms > never_ms and a.needs <= knows order by a.due_ms, a.id limit most - cardinality(ids)`)}
  end if;
  select a.due_ms into next_due_ms from {schema}.active a
  where a.owner = '' and a.due_ms >= from_ms and a.needs <= knows
  order by a.due_ms, a.id limit 1;
  commit;
end $$`;
};

/** Where rows may be locked, those that another node is taking just now are skipped; the conditional update decides. */
export const claiming = { skipping: claim('for update of t skip locked'), lockless: claim('') } as const;
