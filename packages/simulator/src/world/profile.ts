import type { Random } from '../kernel/random.ts';
import { calmNetwork, type NetworkFaults } from '../network/weather.ts';
import { calmStore, type StoreFaults } from '../store/weather.ts';

/**
 * - `chaos`: everything may go wrong.
 * - `slow-store`: as chaos, and the store is slow all the time: what is read is old when it comes.
 * - `locks`: as chaos, nodes die often, and somebody holds rows of the shared store locked all the time.
 * - `takeovers`: as slow-store, nodes die one after the other, and most sagas have a time-out that runs out meanwhile.
 * - `clocks`: the clock of the shared store is set, runs too fast, or is another one after a failover; clocks of machines
 *   leap; heartbeats get lost, and no coordinator ends.
 * - `services`: only services and the network to them go wrong; what depends on nothing else can be judged by time.
 * - `dead-service`: one service is dead all the time, most transactions need it, and nothing else goes wrong.
 */
export const flavours = ['chaos', 'slow-store', 'locks', 'takeovers', 'clocks', 'services', 'dead-service'] as const;

export type Flavour = (typeof flavours)[number];

/** What kind of world a seed makes. */
export interface Profile {
  readonly flavour: Flavour;
  readonly isExclusive: boolean;
  readonly nodes: number;
  readonly transactions: number;
  /** New transactions and faults come until then; afterwards everything must end. */
  readonly chaosMs: number;
  readonly store: StoreFaults;
  readonly network: NetworkFaults;
  /** Mean time between two things that happen to a node; to the store as a whole; to a service. Infinite: never. */
  readonly nodeFaultEveryMs: number;
  readonly storeFaultEveryMs: number;
  readonly serviceFaultEveryMs: number;
  /** Mean time between two rows of the shared store that somebody locks. */
  readonly lockEveryMs: number;
  /** Mean time between two things that happen to the clock of the shared store, or to those of machines. */
  readonly clockFaultEveryMs: number;
  /** clocks: which clock is wrong by itself. */
  readonly wrongClock: 'server' | 'machines';
  /** How many sagas have a time-out. */
  readonly timeoutShare: number;
  /** At most so much too fast or too slow. */
  readonly drift: number;
  readonly wallOffsetMs: number;
  /** Most coordinators that start after this are of the next version, until in the end all are. Infinite: there is none. */
  readonly upgradeMs: number;
}

const never = Number.POSITIVE_INFINITY;
/** Of the worlds in which coordinators on a shared store end and start, in so many another version comes. */
const upgradedShare = 0.3;

/** Levels differ from seed to seed, so that what is rare elsewhere is common here, and quiet worlds exist as well. */
export function profileOf(random: Random, wanted: Flavour | undefined): Profile {
  const drawn = random.weighted({
    chaos: 14,
    'slow-store': 2,
    locks: 2,
    takeovers: 2,
    clocks: 2,
    services: 3,
    'dead-service': 1,
  });
  const flavour = wanted ?? drawn;
  const isExclusive = random.chance(0.25) && flavour !== 'clocks' && flavour !== 'locks';
  const profile = {
    flavour,
    isExclusive,
    nodes: nodeCount(random, isExclusive),
    transactions: flavour === 'dead-service' ? random.integer(80, 120) : random.integer(15, 45),
    chaosMs: random.integer(20, 70) * 1000,
    network: flavour === 'dead-service' ? calmNetwork : networkFaults(random),
    serviceFaultEveryMs: flavour === 'dead-service' || random.chance(0.3) ? never : random.skewed(5000, 30_000),
    ...(flavour === 'services' || flavour === 'dead-service' ? calmCoordinators : coordinatorFaults(random, flavour)),
    lockEveryMs: isExclusive ? never : lockEveryMs(random, flavour),
    clockFaultEveryMs: flavour === 'clocks' ? random.skewed(1500, 8000) : never,
    wrongClock: random.chance(0.5) ? ('server' as const) : ('machines' as const),
    timeoutShare: flavour === 'takeovers' || flavour === 'clocks' ? 0.8 : 0.35,
    drift: random.chance(0.5) ? 0 : 0.005,
    wallOffsetMs: random.chance(0.5) ? 0 : 20_000,
  };
  const isUpgraded = !isExclusive && profile.nodeFaultEveryMs < never && random.chance(upgradedShare);
  return { ...profile, upgradeMs: isUpgraded ? random.between(0, profile.chaosMs / 2) : never };
}

/** On a store that only one process can open, a second node stands by until the first is gone. */
function nodeCount(random: Random, isExclusive: boolean): number {
  if (isExclusive) return random.chance(0.3) ? 2 : 1;
  return random.chance(0.2) ? 3 : 2;
}

function lockEveryMs(random: Random, flavour: Flavour): number {
  if (flavour === 'locks') return random.skewed(200, 2000);
  return flavour === 'chaos' && random.chance(0.3) ? random.skewed(2000, 20_000) : never;
}

const calmCoordinators = { store: calmStore, nodeFaultEveryMs: never, storeFaultEveryMs: never } as const;

function coordinatorFaults(random: Random, flavour: Flavour): Pick<Profile, keyof typeof calmCoordinators> {
  return {
    store: {
      notDone: rate(random, 0.02, 0.1),
      lost: rate(random, 0.02, 0.08),
      doneUnknown: rate(random, 0.02, 0.1),
      divided: rate(random, 0.05, 0.3),
      slow:
        flavour === 'chaos' || flavour === 'clocks' || flavour === 'locks'
          ? rate(random, 0.01, 0.05)
          : random.between(0.05, 0.3),
      fatal: rate(random, 0.005, 0.03),
    },
    nodeFaultEveryMs: flavour === 'clocks' ? never : nodeFaultEveryMs(random, flavour),
    storeFaultEveryMs: random.chance(0.4) && flavour !== 'clocks' ? never : random.skewed(5000, 30_000),
  };
}

function nodeFaultEveryMs(random: Random, flavour: Flavour): number {
  if (flavour === 'takeovers' || flavour === 'locks') return random.skewed(800, 4000);
  return random.chance(0.2) ? never : random.skewed(2000, 20_000);
}

function networkFaults(random: Random): NetworkFaults {
  return {
    requestLost: rate(random, 0.02, 0.1),
    answerLost: rate(random, 0.03, 0.1),
    duplicated: rate(random, 0.05, 0.2),
    slow: rate(random, 0.03, 0.15),
    slowConnect: rate(random, 0.1, 0.3),
    closes: rate(random, 0.05, 0.2),
    errorBefore: rate(random, 0.03, 0.15),
    errorAfter: rate(random, 0.03, 0.15),
    ongoing: rate(random, 0.03, 0.1),
    refusesSecondPhase: rate(random, 0.02, 0.1),
  };
}

/** None, some or much of it. */
function rate(random: Random, some: number, much: number): number {
  const level = random.weighted({ none: 2, some: 3, much: 1 });
  if (level === 'none') return 0;
  return level === 'some' ? random.between(0, some) : random.between(some, much);
}
