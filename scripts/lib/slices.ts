import { filesOnAnyStore, nameOf, type OnStore, programsOnAnyStore } from './on-store.ts';

/** A part of `npm run test:all`: what takes longer than `npm test` may. It is done, or to be done again, as a whole. */
export interface Slice {
  readonly name: string;
  /** What it shows. */
  readonly what: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A test or a file that takes longer fails. */
  readonly limitSeconds: number;
  /** Files and folders: when they change, the result grows old. */
  readonly covers: readonly string[];
  /** The store that the worlds of the tests stand on. Default: the embedded one. */
  readonly on?: OnStore;
}

/** Tests that choose a sample by a seed do the whole of it where this is set. */
const long = { HOLDFAST_LONG: '1' };

const engine = ['packages/core/src', 'packages/server/src/engine'];
const store = ['packages/server/src/store'];
const worldsOfSlice = 4000;

export const slices: readonly Slice[] = [
  ...[0, 1].map((part) => worlds(501 + part * worldsOfSlice)),
  {
    name: 'kills',
    what: 'kill -9 under load, some hundred times',
    files: ['test/faults/kill.test.ts'],
    env: { HOLDFAST_TEST_ROUNDS: '200' },
    limitSeconds: 3600,
    covers: [...engine, ...store, 'packages/server/src/transport/http', 'test/faults/kill.test.ts'],
  },
  {
    name: 'crash-images',
    what: 'a power cut at every write and sync of the store',
    files: ['test/faults/crash-images/crash-images.test.ts'],
    env: long,
    limitSeconds: 3600,
    covers: [...store, 'test/faults/crash-images'],
  },
  {
    name: 'shortage',
    what: 'a start and a run on a disk with every little room there can be',
    files: ['test/faults/shortage.test.ts'],
    env: long,
    limitSeconds: 3600,
    covers: [...store, 'test/faults/shortage.test.ts', 'test/faults/shortage.scenario.ts'],
  },
  {
    name: 'growth',
    what: 'a million finished transactions beside what is due',
    files: ['test/long/growth.ts'],
    env: {},
    limitSeconds: 3600,
    covers: [...store, 'bench/growth', 'test/long/growth.ts'],
  },
  {
    name: 'failover',
    what: 'PostgreSQL fails over under load, and the old primary comes back, again and again',
    files: ['test/long/failover.ts'],
    env: {},
    limitSeconds: 3600,
    covers: [...engine, ...store, 'test/stores/lib/failover.ts', 'test/long/failover.ts'],
  },
  {
    name: 'failover-mariadb',
    what: 'MariaDB with a semi-synchronous replica fails over under load, and the old primary comes back, again and again',
    files: ['test/long/mariadb-failover.ts'],
    env: {},
    limitSeconds: 3600,
    covers: [...engine, ...store, 'test/stores/lib/failover.ts', 'test/long/mariadb-failover.ts'],
  },
  {
    name: 'write-boundaries',
    what: 'kill -9 of coordinators on PostgreSQL and MariaDB at each of their first ten writes',
    files: ['test/stores/write-boundaries.test.ts'],
    env: long,
    limitSeconds: 3600,
    covers: [...engine, ...store, 'test/stores/write-boundaries.test.ts'],
  },
  {
    name: 'trouble',
    what: 'what befalls a running database, on MySQL 8.0 too',
    files: ['test/stores/running-trouble.test.ts', 'test/stores/database-secrets.test.ts'],
    env: long,
    limitSeconds: 600,
    covers: [
      ...engine,
      ...store,
      'test/stores/running-trouble.test.ts',
      'test/stores/lib/running-trouble.ts',
      'test/stores/database-secrets.test.ts',
    ],
  },
  {
    name: 'galera',
    what: 'members of a Galera cluster are killed under load, again and again',
    files: ['test/long/galera.ts'],
    env: {},
    limitSeconds: 3600,
    covers: [...engine, ...store, 'test/long/galera.ts', 'test/stores/lib/member-kills.ts'],
  },
  ...(['postgresql', 'mariadb'] as const).flatMap((kind) => clusterOn(kind)),
  ...(['postgres', 'mysql'] as const).flatMap((kind) => [1, 2, 3].map((nodes) => onStore({ kind, nodes }))),
];

/** SDKs, whose processes take their time, run with the least and with the most coordinators; what the example kills is one. */
function onStore(on: OnStore): Slice {
  const { kind, nodes } = on;
  const programs = nodes === 2 ? [] : programsOnAnyStore();
  const others = nodes === 1 ? programs : programs.filter((file) => !file.startsWith('examples/'));
  return {
    name: `${kind}-${nodes}`,
    what: `${nameOf(on)}${programs.length === 0 ? '' : ', and the SDKs'}`,
    files: [...filesOnAnyStore(), ...others],
    env: {},
    limitSeconds: 600,
    covers: [...engine, ...store, 'packages/server/src/transport', 'test/e2e', 'test/interop'],
    on,
  };
}

/** Seeds of the simulator after those of `npm test`. */
function worlds(first: number): Slice {
  const last = first + worldsOfSlice - 1;
  return {
    name: `worlds-${first}`,
    what: `the worlds ${first} to ${last} of the simulator keep every promise`,
    files: ['test/simulation/seeds.test.ts'],
    env: { HOLDFAST_TEST_SEEDS: `${first}..${last}` },
    limitSeconds: 3600,
    covers: [...engine, 'packages/simulator/src', 'test/simulation/seeds.test.ts'],
  };
}

/** Three coordinators on one database. Their figures are in test/results/cluster.json. */
function clusterOn(kind: 'postgresql' | 'mariadb'): Slice[] {
  const parts = {
    takeover: '20 kills, and how long until others call again',
    backlog: '30,000 transactions that come due at once are shared',
    chaos: 'minutes of kills, stops and restarts under load',
  };
  return Object.entries(parts).map(([name, what]) => ({
    name: `${name}-${kind}`,
    what: `three coordinators on one ${kind}: ${what}`,
    files: [`test/long/${name}.ts`],
    env: { HOLDFAST_TEST_STORE: kind },
    limitSeconds: 1800,
    covers: [...engine, ...store, `test/long/${name}.ts`, 'test/stores/lib'],
  }));
}
