import { quick } from './common.ts';

export const alerts: readonly string[] = [
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
