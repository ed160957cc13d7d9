import { failure, type Service, type ServiceAnswer, type ServiceRequest, success } from './request.ts';

/**
 * The client's own database: whether the local transaction of a message has committed. A row is unique by gid and says
 * what came first: the local transaction (`msg`) or the question about it (`rollback`).
 */
export class Ledger implements Service {
  readonly #rows = new Map<string, 'msg' | 'rollback'>();

  /** The local transaction commits, unless it has been asked about before: then it can never commit. */
  commit(gid: string): boolean {
    if (this.#rows.has(gid)) return false;
    this.#rows.set(gid, 'msg');
    return true;
  }

  hasCommitted(gid: string): boolean {
    return this.#rows.get(gid) === 'msg';
  }

  /** The query-prepared call. */
  handle({ gid }: ServiceRequest): ServiceAnswer {
    if (!this.#rows.has(gid)) this.#rows.set(gid, 'rollback');
    return this.hasCommitted(gid) ? success : failure('not committed');
  }
}
