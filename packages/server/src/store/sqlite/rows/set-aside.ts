import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Definition } from '@holdfast/core';
import type { UpdateWrite } from '../../store.ts';

const columns = ['type', 'status', 'reason', 'incident', 'created_ms', 'updated_ms', 'finished_ms'] as const;

/** Damage can make bytes of any column, and JSON holds none. */
const jsonable = (column: string) => `iif(typeof(${column}) = 'blob', quote(${column}), ${column})`;

/** The statements behind an update that sets aside what was stored before. The caller holds the write transaction. */
export class SetAside {
  readonly #keepRow: readonly StatementSync[];
  readonly #keepRest: readonly StatementSync[];
  readonly #define: StatementSync;
  readonly #complete: StatementSync;

  constructor(db: DatabaseSync) {
    const from = 'from transactions where gid = ? and version = ? and owner is ?';
    const id = '(select id from transactions where gid = ?)';
    const keep = 'insert into set_aside (id, what, key, stored, checksum) select';
    this.#keepRow = [
      `${keep} id, 'progress', '', progress, checksum ${from}`,
      `${keep} id, 'columns', '', json_object(${columns.map((name) => `'${name}', ${jsonable(name)}`).join(', ')}), null ${from}`,
    ].map((sql) => db.prepare(sql));
    this.#keepRest = [
      `${keep} id, 'definition', '', definition, checksum from definitions where id = ${id}`,
      `${keep} id, 'branch', branch_id || ' ' || op, branch, checksum from branches where id = ${id}`,
      `delete from definitions where id = ${id}`,
      `delete from branches where id = ${id}`,
    ].map((sql) => db.prepare(sql));
    this.#define = db.prepare(`insert into definitions (id, definition, checksum) values (${id}, ?, ?)`);
    // Every column that an update leaves: whichever was damaged, the row can be read afterwards.
    this.#complete = db.prepare(`
      update transactions set type = ?, created_ms = ?, definition_bytes = ?, branch_count = 0, branches_bytes = 0,
        create_token = write_token, handed_back = 1 where gid = ?`);
  }

  /** Before the update: moves everything, where the row is as expected. */
  keep({ gid, expectVersion, expectOwner }: UpdateWrite): void {
    let kept = 0;
    for (const statement of this.#keepRow) kept += Number(statement.run(gid, expectVersion, expectOwner).changes);
    if (kept > 0) for (const statement of this.#keepRest) statement.run(gid);
  }

  /** After it: a definition in the place of what is gone. */
  define({ gid, type, createdMs }: Definition, stored: string | Uint8Array, checksum: number): void {
    this.#define.run(gid, stored, checksum);
    this.#complete.run(type, createdMs, stored.length, gid);
  }
}
