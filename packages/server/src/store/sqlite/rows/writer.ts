import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BranchOperation } from '@holdfast/core';
import { type Checksum, checksumBranch, checksumDefinition, checksumProgress } from '../../checksum.ts';
import { encodeBranch, encodeDefinition, encodeProgress, type Stored, type StoredProgress } from '../../codec.ts';
import type { AppendWrite, CreateWrite, UpdateWrite, Write, WriteResult } from '../../store.ts';
import { Query } from '../connection.ts';
import { numberAt, roughNumberAt } from '../values.ts';
import { owesAlert } from './alerts.ts';
import { SetAside } from './set-aside.ts';

/** A text or bytes of a row, with its checksum. */
interface Summed<T> {
  readonly stored: T;
  readonly checksum: Checksum;
}

/** A write with its texts and checksums made, so that nothing but SQLite works while the database is locked. */
export type EncodedWrite =
  | {
      readonly kind: 'create';
      readonly write: CreateWrite;
      readonly progress: Summed<StoredProgress>;
      readonly definition: Summed<Stored>;
    }
  | {
      readonly kind: 'update';
      readonly write: UpdateWrite;
      readonly progress: Summed<StoredProgress>;
      readonly definition: Summed<Stored> | undefined;
    }
  | { readonly kind: 'append'; readonly write: AppendWrite; readonly branches: readonly Summed<Stored>[] };

export function encodeWrite(write: Write): EncodedWrite {
  switch (write.kind) {
    case 'create':
      return { kind: write.kind, write, progress: progressOf(write), definition: definitionOf(write) };
    case 'update': {
      const { kind, gid, definition } = write;
      const summed = definition === undefined ? undefined : definitionOf({ gid, definition });
      return { kind, write, progress: progressOf(write), definition: summed };
    }
    case 'append':
      return { kind: write.kind, write, branches: write.branches.map((branch) => branchOf(write.gid, branch)) };
    default:
      return write satisfies never;
  }
}

function progressOf({ gid, progress }: Pick<UpdateWrite, 'gid' | 'progress'>): Summed<StoredProgress> {
  const stored = encodeProgress(progress);
  return { stored, checksum: checksumProgress(gid, stored) };
}

function definitionOf({ gid, definition }: Pick<CreateWrite, 'gid' | 'definition'>): Summed<Stored> {
  const stored = encodeDefinition(definition);
  const { type, createdMs } = definition;
  return { stored, checksum: checksumDefinition({ gid, type, createdMs }, stored) };
}

function branchOf(gid: string, branch: BranchOperation): Summed<Stored> {
  const stored = encodeBranch(branch);
  return { stored, checksum: checksumBranch(gid, branch, stored) };
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
  readonly #takeBack: StatementSync;
  readonly #appended: StatementSync;
  readonly #delayed: StatementSync;
  readonly #setAside: SetAside;

  constructor(db: DatabaseSync) {
    this.#create = db.prepare(`
      insert into transactions (gid, type, status, owner, handed_back, version, due_ms, created_ms, updated_ms, finished_ms, incident,
        create_token, write_token, branch_count, definition_bytes, branches_bytes, reason, progress, checksum, alert_ms)
      values (?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?, ?)
      on conflict (gid) do nothing`);
    this.#define = db.prepare('insert into definitions (id, definition, checksum) values (?, ?, ?)');
    this.#update = db.prepare(`
      update transactions set status = ?, owner = ?, handed_back = max(handed_back, ?), version = version + 1, due_ms = ?, updated_ms = ?, finished_ms = ?,
        incident = ?7, write_token = ?, reason = ?, progress = ?, checksum = ?, ${owesAlert('?7')}
      where gid = ? and version = ? and owner is ? and branch_count = ifnull(?, branch_count)`);
    this.#redefine = db.prepare(
      'update definitions set definition = ?, checksum = ? where id = (select id from transactions where gid = ?)',
    );
    this.#redefined = db.prepare('update transactions set definition_bytes = ? where gid = ?');
    this.#tokens = new Query(db, 'select create_token, write_token from transactions where gid = ?');
    this.#target = new Query(
      db,
      'select id, status, branch_count, type, definition_bytes + branches_bytes from transactions where gid = ?',
    );
    this.#branch = new Query(db, 'select 1 from branches where id = ? and branch_id = ? and op = ?');
    this.#append = db.prepare(
      'insert into branches (id, branch_id, op, position, branch, checksum) values (?, ?, ?, ?, ?, ?) on conflict do nothing',
    );
    this.#takeBack = db.prepare('delete from branches where id = ? and branch_id = ? and op = ?');
    this.#appended = db.prepare(
      'update transactions set branch_count = branch_count + ?, branches_bytes = branches_bytes + ? where id = ?',
    );
    this.#setAside = new SetAside(db);
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

  #writeNew(write: CreateWrite, progress: Summed<StoredProgress>, { stored, checksum }: Summed<Stored>): WriteResult {
    const { gid, token, owner, definition } = write;
    const { status, dueMs, updatedMs, finishedMs, incident, reason, text } = progress.stored;
    const { type, createdMs } = definition;
    // biome-ignore format: one line per line of the statement
    const { changes, lastInsertRowid } = this.#create.run(
      gid, type, status, owner, dueMs, createdMs, updatedMs, finishedMs, incident,
      token, token, stored.length, reason, text, progress.checksum, incident === '' ? 0 : 1,
    );
    if (changes === 0) return this.#tokens.first(gid)?.[0] === token ? 'done' : 'exists';
    this.#define.run(lastInsertRowid, stored, checksum);
    return 'done';
  }

  #writeOver(
    write: UpdateWrite,
    progress: Summed<StoredProgress>,
    definition: Summed<Stored> | undefined,
  ): WriteResult {
    const { status, dueMs, updatedMs, finishedMs, incident, reason, text } = progress.stored;
    const { gid, token, owner, expectOwner, expectVersion, expectBranches = null } = write;
    if (write.setsAside) this.#setAside.keep(write);
    // biome-ignore format: one line per line of the statement
    const { changes } = this.#update.run(
      status, owner, owner === null ? 1 : 0, dueMs, updatedMs, finishedMs,
      incident, token, reason, text, progress.checksum,
      gid, expectVersion, expectOwner, expectBranches,
    );
    if (changes === 0) {
      const tokens = this.#tokens.first(gid);
      if (tokens === undefined) return 'missing';
      return tokens[1] === token ? 'done' : 'conflict';
    }
    if (definition !== undefined && write.definition !== undefined && write.setsAside) {
      this.#setAside.define(write.definition, definition.stored, definition.checksum);
    } else if (definition !== undefined) {
      this.#redefine.run(definition.stored, definition.checksum, gid);
      this.#redefined.run(definition.stored.length, gid);
    }
    return 'done';
  }

  /** A branch that is there already is noticed when it is added: the usual registration looks for none. */
  #writeBranches(write: AppendWrite, branches: readonly Summed<Stored>[]): WriteResult {
    const target = this.#target.first(write.gid);
    if (target === undefined) return 'missing';
    if (target[3] !== write.type) return 'wrong-type';
    if (target[1] !== write.whileStatus) return 'wrong-status';
    const id = numberAt(target, 0);
    const count = roughNumberAt(target, 2);
    const bytes = branches.reduce((sum, { stored }) => sum + stored.length, 0);
    const isTooMany = count + branches.length > write.maxBranches;
    if (isTooMany || roughNumberAt(target, 4) + bytes > write.maxBytes) {
      if (this.#hasOneOf(id, write)) return 'exists';
      return isTooMany ? 'too-many' : 'too-large';
    }
    for (const [index, { branchId, op }] of write.branches.entries()) {
      const { stored = '', checksum = null } = branches[index] ?? {};
      if (this.#append.run(id, branchId, op, count + index, stored, checksum).changes > 0) continue;
      for (const added of write.branches.slice(0, index)) this.#takeBack.run(id, added.branchId, added.op);
      return 'exists';
    }
    this.#appended.run(branches.length, bytes, id);
    if (write.dueMs !== undefined) this.#delayed.run(write.dueMs, id);
    return 'done';
  }

  /** Also where one is named twice. */
  #hasOneOf(id: number, { branches }: AppendWrite): boolean {
    const named = new Set<string>();
    for (const { branchId, op } of branches) {
      if (this.#branch.first(id, branchId, op) !== undefined) return true;
      named.add(`${op} ${branchId}`);
    }
    return named.size < branches.length;
  }
}
