import {
  type BranchOperation,
  HoldfastError,
  type Payload,
  type Transaction,
  type TransactionType,
  limits as wireLimits,
} from '@holdfast/core';
import type { AppendWrite, StoredTransaction } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';
import type { NameBook } from './ports.ts';
import { unknownGid } from './refusals.ts';
import { type Appended, againstOthers, type StoredRows } from './stored-rows.ts';
import { checkTargets, isCalledAlike } from './targets.ts';

/** The largest answer to who asks again for a workflow, by how it speaks. Bytes. */
export interface WorkflowAnswerLimits {
  readonly grpc: number;
  readonly http: number;
}

export interface RegistrationContext {
  readonly rows: StoredRows;
  readonly workflowAnswers: WorkflowAnswerLimits;
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
    // An http URL that names no method is called alike by all protocols: nothing is to be found out.
    if (!branches.every(isCalledAlike)) await this.#checkTargets(gid, type, branches);
    const appended =
      type === 'workflow'
        ? await this.#step(gid, branches)
        : await this.#write(gid, { type, branches, maxBranches: wireLimits.steps * 2, maxBytes });
    if (appended.result !== 'done') await this.#registered(gid, branches, appended);
  }

  /**
   * A step of a workflow, whose answers hold the results of all of its steps: what no client could read any more is refused.
   * How large the answer is gets looked at only where it may be too large.
   */
  async #step(gid: string, branches: readonly BranchOperation[]): Promise<Appended> {
    // While it is prepared, its definition stays as it was created.
    const transaction = this.#known(gid) ?? this.#context.restore(await this.#read(gid));
    // A registered step is a sign of life of its workflow.
    const dueMs = this.#context.clock.nowMs() + transaction.plan.retryIntervalMs;
    const step = { type: 'workflow', branches, maxBranches: wireLimits.steps, maxBytes, dueMs } as const;
    const isGrpc = transaction.definition.protocol === 'grpc';
    const limitBytes = isGrpc ? this.#context.workflowAnswers.grpc : this.#context.workflowAnswers.http;
    const surelyBytes = Math.floor(limitBytes / 4);
    const surely = await this.#write(gid, {
      ...step,
      maxBranches: Math.min(step.maxBranches, Math.floor(surelyBytes / mostNameBytes)),
      maxBytes: Math.min(maxBytes, surelyBytes),
    });
    if (surely.result !== 'too-many' && surely.result !== 'too-large') return surely;
    const counted = async () => {
      const { branches: stored } = (await this.#context.rows.load(gid, 'whole')) ?? { branches: [] };
      const answerBytes = answerBytesOf([...stored, ...branches]);
      if (answerBytes > limitBytes) throw answerTooLarge(answerBytes, limitBytes, isGrpc);
      // Only on top of what was counted: of two steps that end at once, each may fit and both may not.
      const count = stored.length + branches.length;
      const appended = await this.#write(gid, { ...step, maxBranches: Math.min(step.maxBranches, count) });
      return appended.result === 'too-many' && count <= step.maxBranches ? undefined : appended;
    };
    return againstOthers(() => this.#context.live().exclusively(gid, counted));
  }

  #write(gid: string, append: Omit<AppendWrite, 'kind' | 'gid' | 'token' | 'whileStatus'>): Promise<Appended> {
    let bytes = 128;
    for (const branch of append.branches) bytes += branch.url.length + branch.payload.length + 64;
    const incarnation = this.#context.live();
    const write = { kind: 'append', gid, token: incarnation.newToken(), whileStatus: 'prepared', ...append } as const;
    return this.#context.rows.append(write, bytes, () => incarnation.prepared.appended(gid, append.branches, bytes));
  }

  /**
   * A registration does not say the protocol of its transaction, which is read only where it matters: http URLs that
   * name no method are called alike by all.
   */
  async #checkTargets(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    const { definition } = this.#known(gid) ?? (await this.#read(gid));
    checkTargets(definition, type, branches, this.#context.names);
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

  /** @throws HoldfastError unless they are there, as asked for */
  async #registered(gid: string, branches: readonly BranchOperation[], appended: Appended): Promise<void> {
    const { result, isUnknown } = appended;
    if (isUnknown || result === 'exists') {
      const { rows } = this.#context;
      const stored = await (isUnknown ? rows.loadSurely(gid, 'whole') : rows.load(gid, 'whole'));
      if (stored !== undefined && branches.every((branch) => isStored(stored.branches, branch))) return;
    }
    switch (result) {
      case 'done':
        return;
      case 'missing':
        throw unknownGid();
      case 'exists':
        throw new HoldfastError('BRANCH_EXISTS', 'branch_id: is already registered with other content', {
          field: 'branch_id',
        });
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

const maxBytes = wireLimits.transactionBytes;
/** Of the names of a step, which the store does not count, and of what stands around them. */
const mostNameBytes = 1024;
/** Of an answer, beside its steps; and of each of them, beside its names and its result. */
const answerHeadBytes = 1024;
const stepFrameBytes = 32;

/** What the steps take in an answer over gRPC. */
function answerBytesOf(branches: readonly BranchOperation[]): number {
  return branches.reduce(
    (sum, { branchId, op, payload }) =>
      sum + Buffer.byteLength(branchId) + Buffer.byteLength(op) + bytesOf(payload).length + stepFrameBytes,
    answerHeadBytes,
  );
}

function answerTooLarge(answerBytes: number, limitBytes: number, isGrpc: boolean): HoldfastError {
  const setting = isGrpc ? 'grpc.messageLimitBytes' : 'http.bodyLimitBytes';
  const message = `data: with this result the steps of the workflow take ${answerBytes} bytes together; they may take ${limitBytes} (the setting ${setting}), because each resume reads all of them`;
  return new HoldfastError('TOO_LARGE', message, { field: 'data' });
}

function isStored(stored: readonly BranchOperation[], branch: BranchOperation): boolean {
  const found = stored.find(({ branchId, op }) => branchId === branch.branchId && op === branch.op);
  if (found === undefined || found.url !== branch.url || found.state !== branch.state) return false;
  return bytesOf(found.payload).equals(bytesOf(branch.payload));
}

function bytesOf(payload: Payload): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
}
