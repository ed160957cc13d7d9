import { begin, clockMs, handler, isTooLate, unfinished, untilTooLate } from './common.ts';

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
      if taken >= p_most or (taken > 0 and (taken_bytes > p_most_bytes or ${isTooLate})) then
        set is_full = 1;
        leave each_candidate;
      end if;
      update {p}transactions set handed_back = handed_back and owner is null, owner = p_me, version = version + 1
      where id = c_id and owner <=> nullif(c_owner, '') and status in ${unfinished};
      if row_count() > 0 then
        insert ignore into {p}active (owner, id, due_ms, created_ms, needs, status)
        select p_me, id, 0, created_ms, needs, status from {p}active where owner = c_owner and id = c_id;
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
  in p_me varbinary(255), in p_now bigint, in p_from bigint, in p_never bigint, in p_dead json, in p_most int, in p_most_bytes bigint,
  in p_knows int)
modifies sql data sql security invoker
begin
  declare ids longtext default '';
  declare taken, strays, room, found int default 0;
  declare taken_bytes, c_id, c_bytes, next_due bigint default 0;
  declare is_full, is_more, is_end tinyint default 0;
  declare c_owner, o_incarnation varbinary(255);
  declare o_beat bigint;
  ${untilTooLate}
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
    ${take('primary', 'where a.owner = o_incarnation and a.needs <= p_knows order by a.id limit room', lock)}
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
    ${take('due', "where a.owner = '' and a.due_ms >= p_from and a.due_ms <= p_now and a.needs <= p_knows order by a.due_ms, a.id limit room", lock)}
  end if;
  set room = p_most - taken;
  if not is_full and room > 0 then
    ${take('due', "where a.owner = '' and a.due_ms > p_never and a.needs <= p_knows order by a.due_ms, a.id limit room", lock)}
  end if;
  set next_due = null;
  select due_ms into next_due from {p}active where owner = '' and due_ms >= p_from and needs <= p_knows
  order by due_ms, id limit 1;
  commit;
  select ids, next_due, is_more, strays;
end`;

/** Where rows may be locked, those that another node is taking just now are skipped; the conditional update decides. */
export const claiming = { skipping: claim('for update skip locked'), lockless: claim('') } as const;
