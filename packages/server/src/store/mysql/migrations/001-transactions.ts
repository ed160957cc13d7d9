/**
 * What a quick transaction writes is little and stays small (decision 0025): its row in `transactions` is inserted and
 * updated once, and no index knows what the update changes; its row in `active` is inserted and deleted. Whatever asks
 * for unfinished transactions reads `active` alone; finished ones cost it nothing.
 *
 * The key of a transaction is a number that grows: new rows lie side by side, and all that belongs to one of them has
 * eight bytes of key. Texts are bytes of UTF-8 (decision 0028): every collation that MariaDB and MySQL share takes `g` and
 * `g ` for the same gid.
 */
const table = 'engine = InnoDB row_format = dynamic default charset = utf8mb4 collate = utf8mb4_bin';

export const tables: readonly string[] = [
  /* sql */ `
create table if not exists {p}transactions (
  id bigint not null auto_increment primary key,
  gid varbinary(512) not null,
  type varbinary(32) not null,
  status varbinary(32) not null,
  owner varbinary(255),
  handed_back tinyint not null,
  has_incident tinyint not null,
  version bigint not null,
  due_ms bigint not null,
  created_ms bigint not null,
  updated_ms bigint not null,
  finished_ms bigint not null,
  branch_count int not null,
  needs smallint not null default 0,
  definition_bytes bigint not null,
  branches_bytes bigint not null,
  checksum int not null,
  definition_checksum int not null,
  create_token varbinary(255) not null,
  write_token varbinary(255) not null,
  incident mediumblob not null,
  reason mediumblob not null,
  progress mediumblob not null,
  definition longblob,
  unique key gid (gid),
  key created (created_ms, gid)
) ${table}`,
  /* sql */ `
create table if not exists {p}branches (
  id bigint not null,
  branch_id varbinary(512) not null,
  op varbinary(255) not null,
  position int not null,
  checksum int not null,
  branch longblob not null,
  primary key (id, branch_id, op)
) ${table}`,
  // One row for each unfinished transaction; without owner it is '', and only then its due time is kept.
  /* sql */ `
create table if not exists {p}active (
  owner varbinary(255) not null,
  id bigint not null,
  due_ms bigint not null,
  created_ms bigint not null,
  needs smallint not null default 0,
  status varbinary(32) not null,
  primary key (owner, id),
  key due (owner, due_ms, id, needs)
) ${table}`,
  // Those of the unfinished that need somebody, and the alerts that are owed for them.
  /* sql */ `
create table if not exists {p}incidents (
  id bigint not null primary key,
  gid varbinary(512) not null,
  created_ms bigint not null,
  incident mediumblob not null,
  alert_ms bigint not null,
  alert_tries int not null,
  key created (created_ms, gid),
  key alert (alert_tries, alert_ms)
) ${table}`,
  /* sql */ `
create table if not exists {p}failed (
  id bigint not null primary key,
  gid varbinary(512) not null,
  created_ms bigint not null,
  key created (created_ms, gid)
) ${table}`,
  // What could not be read of a transaction that was stopped, as it was stored: for people. It goes with the transaction.
  /* sql */ `
create table if not exists {p}set_aside (
  id bigint not null,
  what varbinary(32) not null,
  name varbinary(768) not null,
  content longblob,
  checksum int,
  primary key (id, what, name)
) ${table}`,
  /* sql */ `
create table if not exists {p}key_values (
  category varbinary(255) not null,
  name varbinary(1024) not null,
  value longblob not null,
  version bigint not null,
  created_ms bigint not null,
  updated_ms bigint not null,
  primary key (category, name)
) ${table}`,
  // One row, written to find out whether anything can be.
  /* sql */ `
create table if not exists {p}probe (
  id int not null primary key,
  count bigint not null
) ${table}`,
  /* sql */ `
insert ignore into {p}probe values (1, 0)`,
  // A node, or an owner that was never heard of (beat_ms 0). It is removed once it owns nothing.
  /* sql */ `
create table if not exists {p}nodes (
  incarnation varbinary(255) not null primary key,
  node blob not null,
  version blob not null,
  format int not null,
  is_draining tinyint not null,
  is_drain_asked tinyint not null default 0,
  started_ms bigint not null,
  beat_ms bigint not null,
  count bigint not null
) ${table}`,
  // When each server that has answered was started, as it told the first time.
  /* sql */ `
create table if not exists {p}servers (
  name varbinary(255) not null primary key,
  started_s bigint not null
) ${table}`,
];
