import { Branches, type Call } from './branches.ts';
import type { Keep, Stage } from './kept.ts';
import { type BareRequest, readRequest } from './request.ts';

/**
 * Does for a transaction only what nobody can leave out: calls its branches one after the other and answers. It may keep
 * what a coordinator must not forget, before it goes on: two lines or rows a saga or message, five a TCC.
 */
export class BareCoordinator {
  readonly #keep: Keep;
  readonly #branches = new Branches();
  /** Confirms of TCCs that are prepared. */
  readonly #prepared = new Map<string, Call[]>();

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** @throws Error where it is no request of the bench */
  take(head: string, body: string, done: () => void): void {
    const request = readRequest(body);
    const { gid } = request;
    const keep = (stage: Stage, durable: () => void) =>
      this.#keep({ gid, type: request.trans_type, stage, body }, durable);
    if (head.startsWith('POST /api/dtmsvr/prepare ')) {
      this.#prepared.set(gid, []);
      keep('created', done);
    } else if (head.startsWith('POST /api/dtmsvr/registerBranch ')) {
      const calls = this.#prepared.get(gid);
      calls?.unshift(confirmOf(request));
      keep(calls?.length === 1 ? 'first branch' : 'second branch', done);
    } else {
      const isTcc = request.trans_type === 'tcc';
      const calls = isTcc ? this.#takePrepared(gid) : actionsOf(request);
      keep(isTcc ? 'submitted' : 'created', () => this.#run(request, calls, 0, done));
    }
  }

  #takePrepared(gid: string): Call[] {
    const calls = this.#prepared.get(gid);
    if (calls === undefined) throw new Error(`submit of ${gid}, which was not prepared`);
    this.#prepared.delete(gid);
    return calls;
  }

  #run(request: BareRequest, calls: readonly Call[], index: number, done: () => void): void {
    const call = calls[index];
    const { gid, trans_type: type } = request;
    if (call === undefined) this.#keep({ gid, type, stage: 'ended', body: '' }, done);
    else this.#branches.call(request, call, () => this.#run(request, calls, index + 1, done));
  }
}

function actionsOf({ steps = [], payloads = [] }: BareRequest): Call[] {
  return steps.map(({ action }, index) => ({
    url: action,
    branchId: `0${index + 1}`,
    op: 'action',
    body: payloads[index] ?? '',
  }));
}

function confirmOf({ confirm = '', branch_id = '', data = '' }: BareRequest): Call {
  return { url: confirm, branchId: branch_id, op: 'confirm', body: data };
}
