import type { Random } from '../kernel/random.ts';
import type { Node } from './node.ts';
import type { Profile } from './profile.ts';
import type { Surroundings } from './surroundings.ts';

const hourMs = 3_600_000;
/** A machine whose monotonic clock leaps, leaps over any time-out of heartbeats. */
const leapMs = 10_000;

/** Sets clocks. Of the two by which a neighbour is judged only one goes wrong in a world, besides being set. */
export class ClockNemesis {
  readonly #world: Surroundings;
  readonly #nodes: readonly Node[];
  readonly #random: Random;
  readonly #wrong: Profile['wrongClock'];

  constructor(world: Surroundings, nodes: readonly Node[], wrong: Profile['wrongClock']) {
    this.#world = world;
    this.#nodes = nodes;
    this.#random = world.random('clock nemesis');
    this.#wrong = wrong;
  }

  trouble(): void {
    // Who starts takes the clock as it is, and cannot know better.
    if (this.#nodes.some(({ state }) => state !== 'serving')) return;
    const { databaseClock, statistics, trace } = this.#world;
    const trouble = this.#random.weighted({ set: 2, failover: 2, wrong: 4 });
    if (trouble === 'wrong') {
      if (this.#wrong === 'server') this.#runFast();
      else this.#leap();
      return;
    }
    const offsetMs = this.#offsetMs();
    statistics.count(trouble === 'set' ? 'clock of the store set' : 'store failed over');
    trace.write('nemesis', '', `${trouble}: the clock of the store is ${offsetMs} ms ahead`);
    if (trouble === 'set') databaseClock.set(offsetMs);
    else databaseClock.failOver(offsetMs);
  }

  #offsetMs(): number {
    const kind = this.#random.weighted({ right: 3, small: 4, ahead: 2, behind: 2 });
    switch (kind) {
      case 'right':
        return 0;
      case 'small':
        return this.#random.integer(-9000, 9000);
      case 'ahead':
        return this.#random.integer(20_000, hourMs);
      case 'behind':
        return -this.#random.integer(20_000, hourMs);
      default:
        return kind satisfies never;
    }
  }

  #runFast(): void {
    const { databaseClock, scheduler, statistics } = this.#world;
    if (databaseClock.isFast) return;
    statistics.count('clock of the store too fast');
    databaseClock.run(1.8);
    scheduler.after(this.#random.between(5000, 15_000), () => databaseClock.run(1));
  }

  #leap(): void {
    const [first, ...others] = this.#nodes;
    if (first === undefined) return;
    this.#world.statistics.count('monotonic clock leapt');
    this.#random.pick([first, ...others]).clock.leap(leapMs);
  }
}
