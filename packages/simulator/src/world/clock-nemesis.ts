import type { Random } from '../kernel/random.ts';
import type { Node } from './node.ts';
import type { Profile } from './profile.ts';
import type { Surroundings } from './surroundings.ts';

const hourMs = 3_600_000;
/** A machine whose monotonic clock leaps, leaps over any time-out of heartbeats. */
const leapMs = 10_000;
/** Heartbeats that are lost for so long do not yet end the lease of whoever sends them. */
const unheardMs = 3300;
/** Two heartbeats later all have seen what happened in the ambush. */
const ambushMs = 6000;

/**
 * Sets clocks. Of the two by which a neighbour is judged only one goes wrong in a world, besides being set. Never are both
 * wrong from one heartbeat to the next in a way that their node cannot see.
 */
export class ClockNemesis {
  readonly #world: Surroundings;
  readonly #nodes: readonly Node[];
  readonly #random: Random;
  readonly #wrong: Profile['wrongClock'];
  #isInAmbush = false;

  constructor(world: Surroundings, nodes: readonly Node[], wrong: Profile['wrongClock']) {
    this.#world = world;
    this.#nodes = nodes;
    this.#random = world.random('clock nemesis');
    this.#wrong = wrong;
  }

  trouble(): void {
    // Who starts takes the clock as it is, and cannot know better.
    if (this.#isInAmbush || this.#nodes.some(({ state }) => state !== 'serving')) return;
    const { databaseClock, statistics, trace } = this.#world;
    const trouble = this.#random.weighted({ set: 2, failover: 2, wrong: 4 });
    if (trouble === 'wrong') {
      if (this.#wrong === 'server') this.#runFast();
      else if (this.#random.chance(0.5)) this.#leap(this.#anyNode());
      else this.#lieInWait(this.#anyNode());
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

  #leap(node: Node): void {
    this.#world.statistics.count('monotonic clock leapt');
    node.clock.leap(leapMs);
  }

  /**
   * The one moment in which a node cannot see that its own clock leapt is while its heartbeat is out. The others are alive,
   * and not heard: to that clock they are dead. In half of the cases the clock of the store is set as well, far enough to be seen.
   */
  #lieInWait(node: Node): void {
    const { databaseClock, scheduler, statistics, storeWeather } = this.#world;
    const others = this.#nodes.filter((other) => other !== node);
    const isSet = this.#random.chance(0.5) && databaseClock.aheadMs < hourMs / 2;
    const aheadMs = databaseClock.aheadMs + this.#random.integer(20_000, hourMs / 2);
    this.#isInAmbush = true;
    for (const { machine } of others) storeWeather.withoutHeartbeat.add(machine);
    node.lieInWait('heartbeat answered', 1, () =>
      node.lieInWait('heartbeat applied', 1, () => {
        statistics.count('monotonic clock leapt unseen');
        this.#leap(node);
        if (!isSet) return;
        statistics.count('clock of the store set');
        databaseClock.set(aheadMs);
      }),
    );
    scheduler.after(unheardMs, () => {
      node.disarm();
      for (const { machine } of others) storeWeather.withoutHeartbeat.delete(machine);
    });
    scheduler.after(ambushMs, () => {
      this.#isInAmbush = false;
    });
  }

  #anyNode(): Node {
    const [first, ...others] = this.#nodes;
    if (first === undefined) throw new Error('a world has nodes');
    return this.#random.pick([first, ...others]);
  }
}
