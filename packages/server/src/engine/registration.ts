import {
  type BranchOperation,
  HoldfastError,
  hasSecondPhase,
  type Payload,
  type Transaction,
  type TransactionType,
  limits as wireLimits,
} from '@holdfast/core';
import type { StoredTransaction, WriteResult } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';
import type { NameBook } from './ports.ts';
import { unknownGid } from './refusals.ts';
import type { StoredRows } from './stored-rows.ts';
import { checkTargets, isCalledAlike } from './targets.ts';

export interface RegistrationContext {
  readonly rows: StoredRows;
  readonly clock: EngineClock;
  readonly names: NameBook;
  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation;
  restore(stored: StoredTransaction): Transaction;
}

/** Branches that a client adds to a prepared transaction, each durable before it is acknowledged. */
export class Registration {
  readonly #context: RegistrationContext;

  constructor(context: RegistrationContext) {
    this.#context = context;
  }

  async register(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    await this.#checkTargets(gid, type, branches);
    // A registered step is a sign of life of its workflow.
    const dueMs = type === 'workflow' ? await this.#nextCallbackMs(gid) : undefined;
    const incarnation = this.#context.live();
    let bytes = 128;
    for (const branch of branches) bytes += branch.url.length + branch.payload.length + 64;
    const result = await this.#context.rows.write(
      {
        kind: 'append',
        gid,
        token: incarnation.newToken(),
        type,
        whileStatus: 'prepared',
        branches,
        maxBranches: wireLimits.steps * (hasSecondPhase(type) ? 2 : 1),
        maxBytes: wireLimits.transactionBytes,
        ...(dueMs === undefined ? {} : { dueMs }),
      },
      bytes,
      () => incarnation.prepared.appended(gid, branches, bytes),
    );
    await this.#registered(gid, branches, result);
  }

  /**
   * A registration does not say the protocol of its transaction, which is read only where it matters: http URLs that
   * name no method are called alike by all.
   */
  async #checkTargets(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    if (branches.every(isCalledAlike)) return;
    const { definition } = this.#known(gid) ?? (await this.#read(gid));
    checkTargets(definition, type, branches, this.#context.names);
  }

  async #nextCallbackMs(gid: string): Promise<number> {
    const { plan } = this.#known(gid) ?? this.#context.restore(await this.#read(gid));
    return this.#context.clock.nowMs() + plan.retryIntervalMs;
  }

  /** While it is prepared, its definition stays as it was created. */
  #known(gid: string): Transaction | undefined {
    return this.#context.live().prepared.get(gid)?.transaction;
  }

  async #read(gid: string): Promise<StoredTransaction> {
    const stored = await this.#context.rows.load(gid, 'bare');
    if (stored === undefined) throw unknownGid();
    return stored;
  }

  async #registered(gid: string, branches: readonly BranchOperation[], result: WriteResult): Promise<void> {
    switch (result) {
      case 'done':
        return;
      case 'missing':
        throw unknownGid();
      case 'exists': {
        const stored = await this.#context.rows.load(gid, 'whole');
        if (stored !== undefined && branches.every((branch) => isStored(stored.branches, branch))) return;
        throw new HoldfastError('BRANCH_EXISTS', 'branch_id: is already registered with other content', {
          field: 'branch_id',
        });
      }
      case 'too-many':
        throw new HoldfastError('INVALID_INPUT', `branch_id: a transaction has at most ${wireLimits.steps} branches`, {
          field: 'branch_id',
        });
      case 'too-large':
        throw new HoldfastError('TOO_LARGE', 'data: this branch makes the transaction larger than 16 MiB', {
          field: 'data',
        });
      case 'wrong-type':
        throw new HoldfastError('INVALID_INPUT', 'trans_type: must be the type that this gid is stored with', {
          field: 'trans_type',
        });
      case 'wrong-status':
      case 'conflict':
        throw new HoldfastError('WRONG_STATUS', 'no trans with this gid and status: prepared found FAILURE');
      default:
        return result satisfies never;
    }
  }
}

function isStored(stored: readonly BranchOperation[], branch: BranchOperation): boolean {
  const found = stored.find(({ branchId, op }) => branchId === branch.branchId && op === branch.op);
  if (found === undefined || found.url !== branch.url || found.state !== branch.state) return false;
  return bytesOf(found.payload).equals(bytesOf(branch.payload));
}

function bytesOf(payload: Payload): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
}
