/** What could not be read of a transaction that was stopped, as it was stored: for people. It goes with the transaction. */
export const sql = /* sql */ `
create table set_aside (
  id integer not null,
  what text not null,
  key text not null,
  stored blob,
  checksum integer,
  primary key (id, what, key)
) without rowid;
`;
