import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { encodeBranch, encodeDefinition, encodeProgress, type Stored, type StoredProgress } from '../codec.ts';
import type { AppendWrite, CreateWrite, UpdateWrite, Write, WriteResult } from '../store.ts';
import { owesAlert } from './alerts.ts';
import { Query } from './connection.ts';
import { numberAt, textAt } from './values.ts';

/** A write with its texts made, so that nothing but SQLite works while the database is locked. */
export type EncodedWrite =
  | {
      readonly kind: 'create';
      readonly write: CreateWrite;
      readonly progress: StoredProgress;
      readonly definition: Stored;
    }
  | {
      readonly kind: 'update';
      readonly write: UpdateWrite;
      readonly progress: StoredProgress;
      readonly definition: Stored | undefined;
    }
  | { readonly kind: 'append'; readonly write: AppendWrite; readonly branches: readonly Stored[] };

export function encodeWrite(write: Write): EncodedWrite {
  switch (write.kind) {
    case 'create': {
      const { kind, progress, definition } = write;
      return { kind, write, progress: encodeProgress(progress), definition: encodeDefinition(definition) };
    }
    case 'update': {
      const { kind, progress, definition } = write;
      const encoded = definition === undefined ? undefined : encodeDefinition(definition);
      return { kind, write, progress: encodeProgress(progress), definition: encoded };
    }
    case 'append':
      return { kind: write.kind, write, branches: write.branches.map(encodeBranch) };
    default:
      return write satisfies never;
  }
}

/** The highest engine time a write carries. */
export function timeOf({ kind, write }: EncodedWrite): number {
  if (kind === 'append') return 0;
  const { updatedMs, finishedMs } = write.progress;
  return Math.max(updatedMs, finishedMs, kind === 'create' ? write.definition.createdMs : 0);
}

/** The statements behind `commit`. The caller holds the write transaction. */
export class Writer {
  readonly #create: StatementSync;
  readonly #define: StatementSync;
  readonly #update: StatementSync;
  readonly #redefine: StatementSync;
  readonly #redefined: StatementSync;
  readonly #tokens: Query;
  readonly #target: Query;
  readonly #branch: Query;
  readonly #append: StatementSync;
  readonly #appended: StatementSync;
  readonly #delayed: StatementSync;

  constructor(db: DatabaseSync) {
    this.#create = db.prepare(`
      insert into transactions (gid, type, status, owner, handed_back, version, due_ms, created_ms, updated_ms, finished_ms, incident,
        create_token, write_token, branch_count, definition_bytes, branches_bytes, reason, progress, alert_ms)
      values (?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?)
      on conflict (gid) do nothing`);
    this.#define = db.prepare('insert into definitions (id, definition) values (?, ?)');
    this.#update = db.prepare(`
      update transactions set status = ?, owner = ?, handed_back = max(handed_back, ?), version = version + 1, due_ms = ?, updated_ms = ?, finished_ms = ?,
        incident = ?7, write_token = ?, reason = ?, progress = ?, ${owesAlert('?7')}
      where gid = ? and version = ? and owner is ?`);
    this.#redefine = db.prepare(
      'update definitions set definition = ? where id = (select id from transactions where gid = ?)',
    );
    this.#redefined = db.prepare('update transactions set definition_bytes = ? where gid = ?');
    this.#tokens = new Query(db, 'select create_token, write_token from transactions where gid = ?');
    this.#target = new Query(
      db,
      'select id, status, branch_count, type, definition_bytes + branches_bytes from transactions where gid = ?',
    );
    this.#branch = new Query(db, 'select 1 from branches where id = ? and branch_id = ? and op = ?');
    this.#append = db.prepare('insert into branches (id, branch_id, op, position, branch) values (?, ?, ?, ?, ?)');
    this.#appended = db.prepare(
      'update transactions set branch_count = branch_count + ?, branches_bytes = branches_bytes + ? where id = ?',
    );
    this.#delayed = db.prepare('update transactions set due_ms = ? where id = ? and owner is null');
  }

  write(encoded: EncodedWrite): WriteResult {
    switch (encoded.kind) {
      case 'create':
        return this.#writeNew(encoded.write, encoded.progress, encoded.definition);
      case 'update':
        return this.#writeOver(encoded.write, encoded.progress, encoded.definition);
      case 'append':
        return this.#writeBranches(encoded.write, encoded.branches);
      default:
        return encoded satisfies never;
    }
  }

  #writeNew({ gid, token, owner, definition }: CreateWrite, progress: StoredProgress, stored: Stored): WriteResult {
    const { status, dueMs, updatedMs, finishedMs, incident, reason, text } = progress;
    const { type, createdMs } = definition;
    // biome-ignore format: one line per line of the statement
    const { changes, lastInsertRowid } = this.#create.run(
      gid, type, status, owner, dueMs, createdMs, updatedMs, finishedMs, incident,
      token, token, stored.length, reason, text, incident === '' ? 0 : 1,
    );
    if (changes === 0) return textAt(this.#tokens.first(gid) ?? [], 0) === token ? 'done' : 'exists';
    this.#define.run(lastInsertRowid, stored);
    return 'done';
  }

  #writeOver(write: UpdateWrite, progress: StoredProgress, stored: Stored | undefined): WriteResult {
    const { status, dueMs, updatedMs, finishedMs, incident, reason, text } = progress;
    const { gid, token, owner, expectOwner, expectVersion } = write;
    // biome-ignore format: one line per line of the statement
    const { changes } = this.#update.run(
      status, owner, owner === null ? 1 : 0, dueMs, updatedMs, finishedMs,
      incident, token, reason, text,
      gid, expectVersion, expectOwner,
    );
    if (changes === 0) {
      const tokens = this.#tokens.first(gid);
      if (tokens === undefined) return 'missing';
      return textAt(tokens, 1) === token ? 'done' : 'conflict';
    }
    if (stored !== undefined) {
      this.#redefine.run(stored, gid);
      this.#redefined.run(stored.length, gid);
    }
    return 'done';
  }

  /** Everything is looked at before the first row is written: nothing has to be taken back. */
  #writeBranches(write: AppendWrite, stored: readonly Stored[]): WriteResult {
    const target = this.#target.first(write.gid);
    if (target === undefined) return 'missing';
    if (textAt(target, 3) !== write.type) return 'wrong-type';
    if (textAt(target, 1) !== write.whileStatus) return 'wrong-status';
    const id = numberAt(target, 0);
    if (this.#hasOneOf(id, write)) return 'exists';
    const count = numberAt(target, 2);
    if (count + stored.length > write.maxBranches) return 'too-many';
    const bytes = stored.reduce((sum, branch) => sum + branch.length, 0);
    if (numberAt(target, 4) + bytes > write.maxBytes) return 'too-large';
    for (const [index, { branchId, op }] of write.branches.entries()) {
      this.#append.run(id, branchId, op, count + index, stored[index] ?? '');
    }
    this.#appended.run(stored.length, bytes, id);
    if (write.dueMs !== undefined) this.#delayed.run(write.dueMs, id);
    return 'done';
  }

  #hasOneOf(id: number, { branches }: AppendWrite): boolean {
    const named = new Set<string>();
    for (const { branchId, op } of branches) {
      if (this.#branch.first(id, branchId, op) !== undefined) return true;
      named.add(`${op} ${branchId}`);
    }
    return named.size < branches.length;
  }
}
