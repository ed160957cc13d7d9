import type { ServiceRequest } from './request.ts';

const originOf: Readonly<Record<string, string>> = { cancel: 'try', compensate: 'action', rollback: 'action' };

/** What the barrier says about a call. Only `run` lets the business through. */
export type BarrierVerdict = 'run' | 'repeated' | 'null-compensation' | 'too-late';

/**
 * dtm's sub-transaction barrier: two insert-ignores into a table unique by gid, branch, op.
 * A business that refuses takes its rows back, as its local transaction would.
 */
export class Barrier {
  /** Key to the reason: the op that inserted it. */
  readonly #rows = new Map<string, string>();

  /** Inserts the rows and says whether the business runs; `undo` takes them back. */
  enter({ gid, branchId, op }: ServiceRequest): { readonly verdict: BarrierVerdict; readonly undo: () => void } {
    const origin = originOf[op];
    const own = keyOf(gid, branchId, op);
    const originKey = origin === undefined ? undefined : keyOf(gid, branchId, origin);
    const hasOrigin = originKey === undefined || this.#rows.has(originKey);
    const hasOwn = this.#rows.has(own);
    if (!hasOrigin && originKey !== undefined) this.#rows.set(originKey, op);
    const inserted = this.#rows.get(own);
    if (!hasOwn) this.#rows.set(own, op);
    const undo = () => {
      if (!hasOwn) this.#rows.delete(own);
      if (!hasOrigin && originKey !== undefined) this.#rows.delete(originKey);
    };
    if (hasOwn) return { verdict: inserted === op ? 'repeated' : 'too-late', undo };
    return { verdict: hasOrigin ? 'run' : 'null-compensation', undo };
  }

  /** The reason of the row, if there is one. */
  reason(gid: string, branchId: string, op: string): string | undefined {
    return this.#rows.get(keyOf(gid, branchId, op));
  }
}

function keyOf(gid: string, branchId: string, op: string): string {
  return `${gid}\n${branchId}\n${op}`;
}
