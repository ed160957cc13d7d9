import type { Random } from '../kernel/random.ts';
import type { NetworkFaults } from '../network/weather.ts';
import type { StoreFaults } from '../store/weather.ts';

/** What kind of world a seed makes. */
export interface Profile {
  readonly isExclusive: boolean;
  readonly nodes: number;
  readonly transactions: number;
  /** New transactions and faults come until then; afterwards everything must end. */
  readonly chaosMs: number;
  readonly store: StoreFaults;
  readonly network: NetworkFaults;
  /** Mean time between two things that happen to a node. */
  readonly nodeFaultEveryMs: number;
  /** Mean time between two things that happen to the store as a whole. */
  readonly storeFaultEveryMs: number;
  /** Mean time between two things that happen to a service. */
  readonly serviceFaultEveryMs: number;
  /** At most so much too fast or too slow. */
  readonly drift: number;
  readonly wallOffsetMs: number;
}

const never = Number.POSITIVE_INFINITY;

/** Levels differ from seed to seed, so that what is rare elsewhere is common here, and quiet worlds exist as well. */
export function profileOf(random: Random): Profile {
  const isExclusive = random.chance(0.25);
  const rate = (some: number, much: number): number => {
    const chosen = random.weighted({ none: 2, some: 3, much: 1 });
    if (chosen === 'none') return 0;
    return chosen === 'some' ? random.between(0, some) : random.between(some, much);
  };
  return {
    isExclusive,
    nodes: isExclusive ? 1 : 2,
    transactions: random.integer(15, 45),
    chaosMs: random.integer(20, 70) * 1000,
    store: {
      notDone: rate(0.02, 0.1),
      lost: rate(0.02, 0.08),
      doneUnknown: rate(0.02, 0.1),
      slow: rate(0.01, 0.05),
    },
    network: {
      requestLost: rate(0.02, 0.1),
      answerLost: rate(0.03, 0.1),
      duplicated: rate(0.05, 0.2),
      slow: rate(0.03, 0.15),
      errorBefore: rate(0.03, 0.15),
      errorAfter: rate(0.03, 0.15),
      ongoing: rate(0.03, 0.1),
      refusesSecondPhase: rate(0.02, 0.1),
    },
    nodeFaultEveryMs: random.chance(0.2) ? never : random.skewed(2000, 20_000),
    storeFaultEveryMs: random.chance(0.4) ? never : random.skewed(5000, 30_000),
    serviceFaultEveryMs: random.chance(0.3) ? never : random.skewed(5000, 30_000),
    drift: random.chance(0.5) ? 0 : 0.005,
    wallOffsetMs: random.chance(0.5) ? 0 : 20_000,
  };
}
