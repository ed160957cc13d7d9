create schema dtm_barrier;

create sequence dtm_barrier.barrier_seq;

create table dtm_barrier.barrier (
  id bigint primary key default nextval('dtm_barrier.barrier_seq'),
  trans_type varchar(45) default '',
  gid varchar(128) default '',
  branch_id varchar(128) default '',
  op varchar(45) default '',
  barrier_id varchar(45) default '',
  reason varchar(45) default '',
  create_time timestamp(0) with time zone default null,
  update_time timestamp(0) with time zone default null,
  constraint uniq_barrier unique (gid, branch_id, op, barrier_id)
);

create schema bank;

create table bank.account (
  name varchar(64) primary key,
  balance bigint not null check (balance >= 0),
  outgoing bigint not null default 0 check (outgoing >= 0),
  incoming bigint not null default 0 check (incoming >= 0)
);
