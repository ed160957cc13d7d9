/**
 * Transactions in three tables, so that what is written often stays small: progress is rewritten, definitions and
 * branches are not. All have the same integer key, which grows: new rows lie side by side whatever their gids are.
 *
 * Everything but `created` and the gid is a partial index without the rows that succeeded, or without those that are
 * finished: a million finished transactions cost a claim nothing.
 */
export const sql = /* sql */ `
create table transactions (
  id integer primary key,
  gid text not null unique,
  type text not null,
  status text not null,
  owner text,
  handed_back integer not null,
  version integer not null,
  due_ms integer not null,
  created_ms integer not null,
  updated_ms integer not null,
  finished_ms integer not null,
  incident text not null,
  create_token text not null,
  write_token text not null,
  branch_count integer not null,
  definition_bytes integer not null,
  branches_bytes integer not null,
  reason text not null,
  progress text not null
);

create table definitions (
  id integer primary key,
  definition blob not null
);

create table branches (
  id integer not null,
  branch_id text not null,
  op text not null,
  position integer not null,
  branch blob not null,
  primary key (id, branch_id, op)
) without rowid;

create index transactions_created on transactions (created_ms, gid);
create index transactions_status on transactions (status, created_ms, gid) where status <> 'succeed';
create index transactions_due on transactions (due_ms)
  where owner is null and status in ('prepared', 'submitted', 'aborting');
create index transactions_owned on transactions (owner, gid)
  where owner is not null and status in ('prepared', 'submitted', 'aborting');
create index transactions_finished on transactions (finished_ms) where status in ('succeed', 'failed');
create index transactions_incident on transactions (status)
  where incident <> '' and status in ('prepared', 'submitted', 'aborting');

-- The highest engine time ever written: one row, raised at most once a batch.
create table clock (
  id integer primary key check (id = 1),
  highest_ms integer not null
);
insert into clock values (1, 0);

create table key_values (
  category text not null,
  key text not null,
  value text not null,
  version integer not null,
  created_ms integer not null,
  updated_ms integer not null,
  primary key (category, key)
) without rowid;
`;
