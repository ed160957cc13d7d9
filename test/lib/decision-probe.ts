import type { Queried } from './auditor.ts';
import type { ArrivedCall } from './participant.ts';

/** One in so many second-phase calls looks whether the decision is durable. */
const probeEvery = 10;

const legalStatus: Readonly<Record<string, readonly string[]>> = {
  compensate: ['aborting', 'failed'],
  cancel: ['aborting', 'failed'],
  confirm: ['submitted', 'succeed'],
  rollback: ['aborting', 'failed'],
  commit: ['submitted', 'succeed'],
};

/** Decide, then act: the status that calls for an operation must be durable when its call arrives. */
export class DecisionProbe {
  readonly #query: (gid: string) => Promise<Queried>;
  readonly undecided: string[] = [];
  /** Probes that were answered. */
  count = 0;
  #secondPhases = 0;

  constructor(query: (gid: string) => Promise<Queried>) {
    this.#query = query;
  }

  called({ gid, op }: ArrivedCall): void {
    const legal = legalStatus[op];
    if (legal === undefined) return;
    this.#secondPhases += 1;
    if (this.#secondPhases % probeEvery === 0) void this.#probe(gid, op, legal);
  }

  async #probe(gid: string, op: string, legal: readonly string[]): Promise<void> {
    try {
      const { transaction } = await this.#query(gid);
      this.count += 1;
      if (!legal.includes(transaction?.status ?? '')) this.undecided.push(`${gid}: ${op} while ${transaction?.status}`);
    } catch {
      // Killed between the call and the question; there are other probes.
    }
  }
}
