import { Branches, type Call } from './branches.ts';
import { type BareRequest, readRequest } from './request.ts';

/** Where a line is made durable, or nowhere. */
export type Log = (line: string, durable: () => void) => void;

/**
 * Does for a transaction only what nobody can leave out: calls its branches one after the other and answers. With a log
 * it writes what a coordinator must not forget, before it goes on: two lines a saga or message, five a TCC.
 */
export class BareCoordinator {
  readonly #log: Log;
  readonly #branches = new Branches();
  /** Confirms of TCCs that are prepared. */
  readonly #prepared = new Map<string, Call[]>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @throws Error where it is no request of the bench */
  take(head: string, body: string, done: () => void): void {
    const request = readRequest(body);
    const { gid } = request;
    const line = `${body}\n`;
    if (head.startsWith('POST /api/dtmsvr/prepare ')) {
      this.#prepared.set(gid, []);
      this.#log(line, done);
    } else if (head.startsWith('POST /api/dtmsvr/registerBranch ')) {
      this.#prepared.get(gid)?.unshift(confirmOf(request));
      this.#log(line, done);
    } else {
      const calls = request.trans_type === 'tcc' ? this.#takePrepared(gid) : actionsOf(request);
      this.#log(line, () => this.#run(request, calls, 0, done));
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
    if (call === undefined) this.#log(`{"gid":"${request.gid}","status":"succeed"}\n`, done);
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
