import type { Purged, PurgePlace } from '../dialect.ts';

/** Rows per step: each is a transaction of its own. */
export const stepRows = 500;
const firstPlace: PurgePlace = { createdMs: Number.MIN_SAFE_INTEGER, gid: '' };

/** Goes over what has ended, step by step: on from where the last purge ended, and anew once it has come to the end. */
export class Purging {
  #place: PurgePlace = firstPlace;

  /** @returns how many were deleted */
  async purge(limit: number, step: (rows: number, from: PurgePlace) => Promise<Purged>): Promise<number> {
    let changed = 0;
    while (changed < limit) {
      const from = this.#place;
      const done = await step(Math.min(stepRows, limit - changed), from);
      changed += done.changed;
      this.#place = done.next ?? firstPlace;
      if (done.next === undefined && (from === firstPlace || changed > 0)) break;
    }
    return changed;
  }
}
