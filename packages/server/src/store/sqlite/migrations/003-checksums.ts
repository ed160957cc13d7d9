/** Of what is stored, see checksum.ts. Null: the row was written by an earlier version, and not since. */
export const sql = /* sql */ `
alter table transactions add column checksum integer;
alter table definitions add column checksum integer;
alter table branches add column checksum integer;
`;
