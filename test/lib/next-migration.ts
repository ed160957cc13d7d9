import type { Migration } from '../../packages/server/src/store/remote/migrator.ts';

export const nextVersion = '9.9.9';

/** What the next version may change in the tables: a procedure in place of another one, a column, an index. */
export const nextOfPostgres: Migration = {
  adds: [
    `create or replace procedure {schema}.ping_2(inout result text) language plpgsql as $$ begin result := 'd'; end $$`,
    'alter table {schema}.transactions add column if not exists extra bigint not null default 0',
    'create index concurrently if not exists transactions_updated on {schema}.transactions (updated_ms)',
  ],
  removes: ['drop procedure if exists {schema}.ping_1'],
};

export const nextOfMySql: Migration = {
  adds: [
    `create procedure {p}ping_2() begin select 'd;'; end`,
    'alter table {p}transactions add column extra bigint not null default 0, algorithm = inplace, lock = none',
    'alter table {p}transactions add index updated (updated_ms), algorithm = inplace, lock = none',
  ],
  removes: ['drop procedure if exists {p}ping_1'],
};
