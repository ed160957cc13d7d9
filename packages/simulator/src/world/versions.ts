import type { Write } from 'holdfast/store/store';
import type { Random } from '../kernel/random.ts';
import type { SimulatedStore } from '../store/store.ts';
import type { Profile } from './profile.ts';

const earlyFormat = 1;
const nextFormat = 2;
/** Of the coordinators that start while two versions are in use, so many are put back to the earlier one. */
const putBackShare = 0.35;
/** What is new is in every second transaction, from its creation. */
const needyEvery = 2;

/** Which version of Holdfast a coordinator is of that starts: two neighbouring ones may share a store. */
export class Versions {
  readonly #profile: Pick<Profile, 'upgradeMs' | 'chaosMs'>;
  readonly #random: Random;

  constructor(profile: Pick<Profile, 'upgradeMs' | 'chaosMs'>, random: Random) {
    this.#profile = profile;
    this.#random = random;
  }

  /** Of who starts then. */
  formatAt(nowMs: number): number {
    const { upgradeMs, chaosMs } = this.#profile;
    if (nowMs < upgradeMs) return earlyFormat;
    return nowMs < chaosMs && this.#random.chance(putBackShare) ? earlyFormat : nextFormat;
  }

  /** Somebody has to replace it: in the end all are of the next version, since nobody else reads all. */
  isOutOfUse(format: number, nowMs: number): boolean {
    const { upgradeMs, chaosMs } = this.#profile;
    return upgradeMs < Number.POSITIVE_INFINITY && nowMs >= chaosMs && format === earlyFormat;
  }
}

/** A program of the next version writes what the earlier one cannot read. */
export function writeAsItsVersion(store: SimulatedStore): void {
  if (store.format < nextFormat) return;
  const commit = store.commit.bind(store);
  store.commit = (batch) => commit(batch.map((write) => withNeeds(write, store.format)));
}

function withNeeds(write: Write, needs: number): Write {
  const number = Number(/\d+$/.exec(write.gid)?.[0] ?? 1);
  return write.kind === 'create' && number % needyEvery === 0 ? { ...write, needs } : write;
}
