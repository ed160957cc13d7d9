import { type BranchOperation, createTransaction, type Definition, noOptions, type Progress } from '@holdfast/core';
import { type EncodedWrite, encodeWrite } from 'holdfast/store/remote/encoded-write';
import type { CommitsAtOnce, Write } from 'holdfast/store/store';
import { defaults, finished } from '../fill.ts';
import type { Kept, Stage } from './kept.ts';
import type { Send, Sender } from './sql-connections.ts';

/** As a coordinator has it by default. */
const mostRows = 256;
const owner = 'bare';

interface Entry {
  readonly write: EncodedWrite;
  readonly durable: () => void;
}

/**
 * Writes the rows that a coordinator writes, in the same batches: as many are under way as its journal has, and a further one
 * begins with as many rows. The bytes of a row are made once for each kind of transaction: only its keys are its own.
 */
export class SqlKeeper {
  readonly #send: Send;
  readonly #commitsAtOnce: CommitsAtOnce;
  readonly #models = new Map<string, EncodedWrite>();
  #waiting: Entry[] = [];
  #batches = 0;
  #isScheduled = false;
  #tokens = 0;
  readonly #counts: { rows: number; commits: number };

  /** @param counts what it has written, for whoever looks */
  constructor({ send, commitsAtOnce }: Sender, counts: { rows: number; commits: number }) {
    this.#send = send;
    this.#commitsAtOnce = commitsAtOnce;
    this.#counts = counts;
  }

  keep({ gid, type, stage }: Kept, durable: () => void): void {
    this.#tokens += 1;
    this.#waiting.push({ write: ofGid(this.#modelOf(type, stage), gid, `bare-incarnation-${this.#tokens}`), durable });
    // What comes in this round of the event loop goes together.
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#next();
    });
  }

  #next(): void {
    while (this.#mayBegin) void this.#commit(this.#waiting.splice(0, mostRows));
  }

  get #mayBegin(): boolean {
    const { most, furtherRows } = this.#commitsAtOnce;
    return this.#batches < most && this.#waiting.length >= (this.#batches === 0 ? 1 : furtherRows);
  }

  async #commit(batch: readonly Entry[]): Promise<void> {
    this.#batches += 1;
    const results = await this.#send(batch.map(({ write }) => write));
    const wrong = results.find((result) => result !== 'done');
    if (wrong !== undefined) throw new Error(`a row of the bare coordinator: ${JSON.stringify(wrong)}`);
    this.#batches -= 1;
    this.#counts.rows += batch.length;
    this.#counts.commits += 1;
    for (const { durable } of batch) durable();
    setImmediate(() => this.#next());
  }

  #modelOf(type: string, stage: Stage): EncodedWrite {
    const key = `${type} ${stage}`;
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const made = encodeWrite(modelWrite(type, stage));
    this.#models.set(key, made);
    return made;
  }
}

function ofGid(model: EncodedWrite, gid: string, token: string): EncodedWrite {
  switch (model.kind) {
    case 'create':
      return { ...model, write: { ...model.write, gid, token } };
    case 'update':
      return { ...model, write: { ...model.write, gid, token } };
    case 'append':
      return { ...model, write: { ...model.write, gid, token } };
    default:
      return model satisfies never;
  }
}

function modelWrite(type: string, stage: Stage): Write {
  const isTcc = type === 'tcc';
  const { definition, progress } = isTcc ? aTcc() : withSteps(type === 'msg' ? 'msg' : 'saga');
  const common = { gid: definition.gid, token: 'model' };
  const branch = (branchId: string): Write => ({
    ...common,
    kind: 'append',
    type: 'tcc',
    whileStatus: 'prepared',
    branches: tccBranch(branchId),
    maxBranches: 10_000,
    maxBytes: 16 * 1024 * 1024,
  });
  const update = (next: Progress, expectVersion: number, from: string | null, to: string | null) =>
    ({ ...common, kind: 'update', expectOwner: from, expectVersion, owner: to, progress: next }) as const;
  switch (stage) {
    case 'created':
      return { ...common, kind: 'create', definition, owner: isTcc ? null : owner, progress };
    case 'first branch':
      return branch('01');
    case 'second branch':
      return branch('02');
    case 'submitted':
      return update({ ...progress, status: 'submitted' }, 1, null, owner);
    case 'ended':
      return update(finished(progress), isTcc ? 2 : 1, owner, null);
    default:
      return stage satisfies never;
  }
}

interface Created {
  readonly definition: Definition;
  readonly progress: Progress;
}

const gid = '0123456789abcdef01234';
const common = { gid, protocol: 'http', queryPrepared: '', options: noOptions, customData: '' } as const;

function withSteps(type: 'saga' | 'msg'): Created {
  const steps = ['out', 'in'].map((name, index) => ({
    branchId: `0${index + 1}`,
    action: `http://127.0.0.1:12345/${name}`,
    compensate: type === 'saga' ? `http://127.0.0.1:12345/${name}Revert` : '',
    payload: `{"account":${index + 1},"amount":30}`,
  }));
  return createTransaction({ ...common, type, steps, createdMs: Date.now() }, 'submitted', defaults);
}

function aTcc(): Created {
  return createTransaction({ ...common, type: 'tcc', steps: [], createdMs: Date.now() }, 'prepared', defaults);
}

function tccBranch(branchId: string): BranchOperation[] {
  return (['confirm', 'cancel'] as const).map((op) => ({
    branchId,
    op,
    url: `http://127.0.0.1:12345/${op}`,
    payload: `{"account":${Number(branchId)},"amount":30}`,
  }));
}
