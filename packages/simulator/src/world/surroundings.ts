import type { Auditor } from '../auditor/auditor.ts';
import type { Random } from '../kernel/random.ts';
import type { Scheduler } from '../kernel/scheduler.ts';
import type { Statistics } from '../kernel/statistics.ts';
import type { Trace } from '../kernel/trace.ts';
import type { Network } from '../network/network.ts';
import type { NetworkWeather } from '../network/weather.ts';
import type { Database } from '../store/database.ts';
import type { DatabaseClock } from '../store/database-clock.ts';
import type { StoreWeather } from '../store/weather.ts';

/** A call or a hand-back leaves a node; a claim is done at the store, of a free row or of one that a dead owner left. */
export type Delicate = 'call' | 'hand-back' | 'claim' | 'takeover';

/** What the inhabitants of a world share. */
export interface Surroundings {
  readonly seed: number;
  readonly isExclusive: boolean;
  readonly scheduler: Scheduler;
  readonly statistics: Statistics;
  readonly trace: Trace;
  readonly database: Database;
  readonly databaseClock: DatabaseClock;
  readonly storeWeather: StoreWeather;
  readonly network: Network;
  readonly networkWeather: NetworkWeather;
  readonly auditor: Auditor;
  /** Told of every delicate moment of a transaction. */
  readonly delicate: ((gid: string, moment: Delicate) => void)[];
  /** A stream of its own for each name. */
  random(stream: string): Random;
}
