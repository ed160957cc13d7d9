import { begin, clockMs, handler } from './common.ts';

/** Nodes count back to the start of a server from its whole seconds of uptime: they may differ by so much. */
const sameStartSeconds = 3;

export const nodes: readonly string[] = [
  /* sql */ `
create procedure {p}heartbeat_1(in p_me varbinary(255), in p_node blob, in p_version blob, in p_format int,
  in p_draining tinyint, in p_started bigint, in p_from bigint)
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
  insert into {p}nodes (incarnation, node, version, format, is_draining, started_ms, beat_ms, count)
  values (p_me, p_node, p_version, p_format, p_draining, now_ms, now_ms, 1)
  on duplicate key update node = p_node, version = p_version, format = p_format, is_draining = p_draining,
    is_drain_asked = is_drain_asked and beat_ms > 0, started_ms = if(beat_ms > 0, started_ms, now_ms), count = if(beat_ms > 0, count + 1, 1), beat_ms = now_ms;
  commit;
  select due_ms into next_due from {p}active where owner = '' and due_ms >= p_from and needs <= p_format
  order by due_ms, id limit 1;
  select now_ms, concat(convert(host using utf8mb4), ' ', known), next_due, version, oldest_program,
    convert(oldest_name using utf8mb4) from {p}state where id = 1;
  select convert(incarnation using utf8mb4), convert(node using utf8mb4), convert(version using utf8mb4),
    format, is_draining, started_ms, beat_ms, count,
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
