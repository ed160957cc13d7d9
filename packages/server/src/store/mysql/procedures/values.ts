import { begin, handler } from './common.ts';

export const values: readonly string[] = [
  /* sql */ `
create procedure {p}put_value_1(in p_category varbinary(255), in p_name varbinary(1024), in p_value longblob,
  in p_version bigint, in p_now bigint)
modifies sql data sql security invoker
begin
  declare is_double tinyint default 0;
  declare changed int default 0;
  declare continue handler for 1062 set is_double = 1;${handler}
  ${begin}
  if p_version = 0 then
    insert into {p}key_values (category, name, value, version, created_ms, updated_ms)
    values (p_category, p_name, p_value, 1, p_now, p_now);
    set changed = not is_double;
  else
    update {p}key_values set value = p_value, version = version + 1, updated_ms = p_now
    where category = p_category and name = p_name and version = p_version;
    set changed = row_count();
  end if;
  commit;
  select changed;
end`,
  /* sql */ `
create procedure {p}delete_value_1(in p_category varbinary(255), in p_name varbinary(1024))
modifies sql data sql security invoker
begin
  declare changed int default 0;${handler}
  ${begin}
  delete from {p}key_values where category = p_category and name = p_name;
  set changed = row_count();
  commit;
  select changed;
end`,
];

export const ping = /* sql */ `
create procedure {p}ping_1()
modifies sql data sql security invoker
begin${handler}
  ${begin}
  update {p}probe set count = count + 1 where id = 1;
  commit;
end`;
