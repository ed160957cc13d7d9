/** The database knows itself again: by its id, and by how often it was opened. */
export const sql = /* sql */ `
create table identity (
  id text not null,
  starts integer not null
);
insert into identity values (lower(hex(randomblob(16))), 0);
`;
