import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * The sub-transaction barrier: a table in the participant's own database, written in the same local transaction as the
 * business change. It makes repeated, empty and late calls of a coordinator harmless:
 *
 * | call | what the table says | what happens |
 * |---|---|---|
 * | any | this very call was done before | nothing (`repeated`) |
 * | compensate, cancel | the action or try it would undo never committed | nothing, and it never will (`empty`) |
 * | action, try | its compensation was here already | nothing (`late`) |
 * | otherwise | | the business change, once (`ran`) |
 *
 * Columns and meaning are those of dtm's SDKs, so that branches in other languages may share a table.
 */
export type Passage = 'ran' | 'repeated' | 'empty' | 'late';

/** Which call of which branch of which transaction; the coordinator names all four in the query of every call. */
export interface BranchIdentity {
  readonly transType: string;
  readonly gid: string;
  readonly branchId: string;
  readonly op: string;
}

/** The operation that a compensating one undoes. */
const forwardOf: Readonly<Record<string, string>> = { compensate: 'action', cancel: 'try', rollback: 'action' };

export const barrierSchema = `
  create table if not exists barrier (
    id integer primary key,
    trans_type text not null,
    gid text not null,
    branch_id text not null,
    op text not null,
    barrier_id text not null,
    reason text not null,
    create_time text not null default current_timestamp,
    unique (gid, branch_id, op, barrier_id)
  ) strict`;

/** @throws Error where one of the four is missing */
export function readIdentity(query: URLSearchParams): BranchIdentity {
  const [transType = '', gid = '', branchId = '', op = ''] = ['trans_type', 'gid', 'branch_id', 'op'].map((key) =>
    (query.get(key) ?? '').replace(/[\r\n;]/g, ''),
  );
  if (transType === '' || gid === '' || branchId === '' || op === '') {
    throw new Error('the query of a branch call must name trans_type, gid, branch_id and op');
  }
  return { transType, gid, branchId, op };
}

/** The barrier of one call. A handler that changes several things apart uses it once for each, always in one order. */
export class Barrier {
  readonly #db: DatabaseSync;
  readonly #identity: BranchIdentity;
  readonly #insert: StatementSync;
  readonly #reason: StatementSync;
  #uses = 0;

  constructor(db: DatabaseSync, identity: BranchIdentity) {
    this.#db = db;
    this.#identity = identity;
    this.#insert = db.prepare(
      'insert into barrier (trans_type, gid, branch_id, op, barrier_id, reason) values (?, ?, ?, ?, ?, ?) on conflict do nothing',
    );
    this.#reason = db.prepare(
      'select reason from barrier where gid = ? and branch_id = ? and op = ? and barrier_id = ?',
    );
  }

  /**
   * Runs `business` behind the barrier: both, or neither, in one local transaction.
   * @throws what `business` throws, after everything was rolled back, the barrier's rows included
   */
  run(business: () => void): Passage {
    this.#uses += 1;
    const barrierId = String(this.#uses).padStart(2, '0');
    // "immediate" takes the write lock first: a rival process waits here until our rows are committed, then sees them.
    this.#db.exec('begin immediate');
    try {
      const passage = this.#check(barrierId);
      if (passage === 'ran') business();
      this.#db.exec('commit');
      return passage;
    } catch (error) {
      this.#db.exec('rollback');
      throw error;
    }
  }

  /**
   * Answers a coordinator that asks about a message: did the local transaction commit? Where it did not, a row is left
   * that keeps it from ever committing.
   */
  queryPrepared(): 'committed' | 'rolled-back' {
    this.#insertRow('msg', '01', 'rollback');
    return this.#reasonOf('msg', '01') === 'msg' ? 'committed' : 'rolled-back';
  }

  #check(barrierId: string): Passage {
    const { op } = this.#identity;
    const forward = forwardOf[op];
    const isEmpty = forward !== undefined && this.#insertRow(forward, barrierId, op);
    const isFirst = this.#insertRow(op, barrierId, op);
    if (!isFirst) return this.#reasonOf(op, barrierId) === op ? 'repeated' : 'late';
    return isEmpty ? 'empty' : 'ran';
  }

  #insertRow(op: string, barrierId: string, reason: string): boolean {
    const { transType, gid, branchId } = this.#identity;
    return this.#insert.run(transType, gid, branchId, op, barrierId, reason).changes === 1;
  }

  #reasonOf(op: string, barrierId: string): unknown {
    return this.#reason.get(this.#identity.gid, this.#identity.branchId, op, barrierId)?.['reason'];
  }
}
