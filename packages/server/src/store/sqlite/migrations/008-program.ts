/** The version of Holdfast that brought the database to where it is: the earliest one that can open it. */
export const sql = /* sql */ `
create table if not exists program (
  version text not null
);
`;
