/**
 * The same rows as before are in these indexes, but SQLite finds out faster which: for a list of three it makes a
 * temporary table, for each of the indexes at each write of a row, and compares where the list is written out.
 */
export const sql = /* sql */ `
drop index transactions_due;
drop index transactions_owned;
drop index transactions_incident;
create index transactions_due on transactions (due_ms)
  where owner is null and (status = 'prepared' or status = 'submitted' or status = 'aborting');
create index transactions_owned on transactions (owner, gid)
  where owner is not null and (status = 'prepared' or status = 'submitted' or status = 'aborting');
create index transactions_incident on transactions (created_ms, gid)
  where incident <> '' and (status = 'prepared' or status = 'submitted' or status = 'aborting');
`;
