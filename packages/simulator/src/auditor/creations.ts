import type { HoldfastError } from '@holdfast/core';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

/** Told with what a request that may create a transaction was refused. */
export type Refused = (refusal: HoldfastError) => void;

/** P1: where all who asked for a transaction were told that nothing was changed, it is not there, nor will it be. */
export class Creations {
  readonly #court: Court;

  constructor(court: Court) {
    this.#court = court;
  }

  /** A node is asked. What it returns is called with a refusal; after a success, or where the node dies, it never is. */
  asked(gid: string): Refused {
    const found = this.#court.cases.get(gid);
    if (found === undefined) return () => undefined;
    const { creations } = found;
    creations.open += 1;
    return (refusal) => {
      if (!saysNotDone(refusal)) return;
      creations.open -= 1;
      creations.refused += 1;
      if (found.row !== undefined) this.judge(found);
    };
  }

  /** It is stored. */
  judge(found: Case): void {
    const { open, refused } = found.creations;
    if (open > 0 || refused === 0) return;
    accuse(this.#court, 'P1', found.gid, 'whoever asked for it was told that nothing was changed, and it is stored');
  }
}

/** Other refusals for now may come after a part was done, as where what was written cannot be read. */
function saysNotDone({ code, message }: HoldfastError): boolean {
  return code === 'OVERLOADED' || message.includes('nothing was changed');
}
