import { quick } from './common.ts';

export const values: readonly string[] = [
  /* sql */ `
create or replace procedure {schema}.put_value_1(
  of_category text, of_key text, new_value text, expect_version bigint, now_ms bigint, inout is_done boolean)
language plpgsql as $$
begin
  ${quick}
  if expect_version = 0 then
    insert into {schema}.key_values (category, key, value, version, created_ms, updated_ms)
    values (of_category, of_key, new_value, 1, now_ms, now_ms) on conflict do nothing;
  else
    update {schema}.key_values set value = new_value, version = version + 1, updated_ms = now_ms
    where category = of_category and key = of_key and version = expect_version;
  end if;
  is_done := found;
  commit;
end $$`,
  /* sql */ `
create or replace procedure {schema}.delete_value_1(of_category text, of_key text, inout is_done boolean)
language plpgsql as $$
begin
  ${quick}
  delete from {schema}.key_values where category = of_category and key = of_key;
  is_done := found;
  commit;
end $$`,
];

export const ping = /* sql */ `
create or replace procedure {schema}.ping_1(inout result text)
language plpgsql as $$
begin
  ${quick}
  update {schema}.probe set count = count + 1 where id = 1;
  result := 'd';
  commit;
end $$`;
