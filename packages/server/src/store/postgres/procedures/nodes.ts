import { clockMs, quick } from './common.ts';

export const nodes: readonly string[] = [
  /* sql */ `
create or replace procedure {schema}.heartbeat_1(
  me text, name text, program text, knows integer, draining boolean, from_ms bigint, inout heard json)
language plpgsql as $$
declare
  now_ms bigint;
begin
  ${quick}
  now_ms := ${clockMs};
  insert into {schema}.nodes as n (incarnation, node, version, format, is_draining, started_ms, beat_ms, count)
  values (me, name, program, knows, draining, now_ms, now_ms, 1)
  on conflict (incarnation) do update set node = name, version = program, format = knows, is_draining = draining,
    started_ms = case when n.beat_ms > 0 then n.started_ms else now_ms end, beat_ms = now_ms,
    count = case when n.beat_ms > 0 then n.count + 1 else 1 end,
    is_drain_asked = n.is_drain_asked and n.beat_ms > 0;
  select json_build_object('clockMs', now_ms,
    'server', extract(epoch from pg_postmaster_start_time())::text || ' ' || current_setting('port'),
    'nextDueMs', (select a.due_ms from {schema}.active a
      where a.owner = '' and a.due_ms >= from_ms and a.needs <= knows
      order by a.due_ms, a.id limit 1),
    'schema', (select json_build_object('version', version, 'oldest', oldest_program, 'oldestName', oldest_name)
      from {schema}.state where id = 1),
    'nodes', (select json_agg(json_build_object('incarnation', incarnation, 'node', node, 'version', version,
      'format', format, 'isDraining', is_draining, 'startedMs', started_ms, 'beatMs', beat_ms, 'count', count,
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
