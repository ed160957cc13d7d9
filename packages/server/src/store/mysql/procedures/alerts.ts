import { begin, handler } from './common.ts';

export const alerts: readonly string[] = [
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
