/** Texts are stored as their bytes: whoever reads one asks for it as text. What is no UTF-8 comes as null. */
export const text = (column: string) => `convert(${column} using utf8mb4)`;

/** What makes a transaction, in the order that `toTransaction` reads. */
export const transactionColumns = `
  t.id, ${text('t.owner')}, t.version, ${text('t.create_token')}, ${text('t.write_token')}, ${text('t.status')},
  t.due_ms, t.updated_ms, t.finished_ms, ${text('t.incident')}, ${text('t.reason')}, t.progress, t.definition,
  t.branch_count, ${text('t.gid')}, t.handed_back, ${text('t.type')}, t.created_ms, t.checksum, t.definition_checksum,
  t.needs`;

/** In the order that `toBranches` reads. */
export const branchColumns = `${text('b.branch_id')}, ${text('b.op')}, b.branch, b.position, b.checksum`;

/** A list of gids as a parameter, in JSON. */
export const gidsTable = "json_table(?, '$[*]' columns (gid varchar(513) character set utf8mb4 path '$')) k";

/** A list of keys as a parameter, in JSON. */
export const idsTable = "json_table(?, '$[*]' columns (id bigint path '$')) k";
