create database dtm_barrier character set utf8mb4;

create table dtm_barrier.barrier (
  id bigint(22) primary key auto_increment,
  trans_type varchar(45) default '',
  gid varchar(128) default '',
  branch_id varchar(128) default '',
  op varchar(45) default '',
  barrier_id varchar(45) default '',
  reason varchar(45) default '',
  create_time datetime default now(),
  update_time datetime default now(),
  key (create_time),
  key (update_time),
  unique key (gid, branch_id, op, barrier_id)
) engine = InnoDB default charset utf8mb4;

create database bank character set utf8mb4;

create table bank.account (
  name varchar(64) primary key,
  balance bigint not null check (balance >= 0),
  outgoing bigint not null default 0 check (outgoing >= 0),
  incoming bigint not null default 0 check (incoming >= 0)
) engine = InnoDB;
