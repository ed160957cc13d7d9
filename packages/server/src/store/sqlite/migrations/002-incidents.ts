/** Incidents can be listed newest first. */
export const sql = /* sql */ `
drop index transactions_incident;
create index transactions_incident on transactions (created_ms, gid)
  where incident <> '' and status in ('prepared', 'submitted', 'aborting');
`;
