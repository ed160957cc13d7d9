import type { BranchCall } from 'holdfast/engine/ports';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';
import type { Leases } from './leases.ts';
import type { PromiseName } from './violation.ts';

/** So often in a row, about a second apart, a call is seen to be out that should have been cut. */
const looksAllowed = 3;

/** Judges the calls that are out, and nobody wants any more: they are cut, so that their places are free. */
export class CutAuditor {
  readonly #court: Court;
  readonly #leases: Leases;

  constructor(court: Court, leases: Leases) {
    this.#court = court;
    this.#leases = leases;
  }

  /** What it returns is called once a second of the process's own life while the call is out. */
  watch(found: Case, process: string, call: BranchCall): () => void {
    const owner = found.row?.owner ?? '';
    let looks = 0;
    return () => {
      const [promise, why] = this.#unwanted(found, process, owner, call) ?? [];
      looks = promise === undefined ? 0 : looks + 1;
      if (promise === undefined || looks <= looksAllowed) return;
      accuse(this.#court, promise, found.gid, `${call.branchId}/${call.op} is still out, and its place taken, ${why}`);
    };
  }

  #unwanted(found: Case, process: string, owner: string, { op }: BranchCall): [PromiseName, string] | undefined {
    // What is still out of a transaction that has ended may end as it will.
    if (!found.isFinal && this.#leases.hasGoneOn(process, owner)) return ['P4', `though ${owner} has lost its lease`];
    // Where the coordinators have trouble of their own, who drives it may learn late of what an operator decided.
    if (!this.#court.isCalm) return undefined;
    if (found.wasStopped) return ['P8', 'though an operator has stopped the transaction'];
    const { status, operatorDecisions = [] } = found.row?.progress ?? {};
    const isDecided = operatorDecisions.some(({ kind }) => kind === 'do-not-wait');
    if (op === 'action' && status === 'aborting' && isDecided) return ['P8', 'though an operator does not wait for it'];
    return undefined;
  }
}
