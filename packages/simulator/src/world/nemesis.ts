import { isFinal } from '@holdfast/core';
import type { Random } from '../kernel/random.ts';
import { calmNetwork } from '../network/weather.ts';
import { calmStore } from '../store/weather.ts';
import { deadHost } from './build.ts';
import { ClockNemesis } from './clock-nemesis.ts';
import type { Moment, Node } from './node.ts';
import type { Profile } from './profile.ts';
import type { Surroundings } from './surroundings.ts';

/** Makes things go wrong until the chaos is over, then heals everything. */
export class Nemesis {
  readonly #world: Surroundings;
  readonly #profile: Profile;
  readonly #nodes: readonly Node[];
  readonly #hosts: readonly [string, ...string[]];
  readonly #random: Random;
  #isOver = false;

  constructor(world: Surroundings, profile: Profile, nodes: readonly Node[], hosts: readonly [string, ...string[]]) {
    this.#world = world;
    this.#profile = profile;
    this.#nodes = nodes;
    this.#hosts = hosts;
    this.#random = world.random('nemesis');
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    const { profile, world } = { profile: this.#profile, world: this.#world };
    world.storeWeather.faults = profile.store;
    world.networkWeather.faults = profile.network;
    if (profile.flavour === 'dead-service') this.#kill(deadHost);
    this.#again(profile.nodeFaultEveryMs, () => this.#troubleNode());
    this.#again(profile.storeFaultEveryMs, () => this.#troubleStore());
    this.#again(profile.serviceFaultEveryMs, () => this.#troubleService());
    this.#again(profile.lockEveryMs, () => this.#lockRow());
    const clocks = new ClockNemesis(world, this.#nodes, profile.wrongClock);
    this.#again(profile.clockFaultEveryMs, () => clocks.trouble());
    world.scheduler.at(profile.chaosMs, () => this.#heal());
  }

  #kill(host: string): void {
    const { down, silent } = this.#world.networkWeather;
    (this.#random.chance(0.5) ? down : silent).add(host);
  }

  /** From here on nothing goes wrong any more. */
  #heal(): void {
    const { storeWeather, networkWeather, database, trace } = this.#world;
    this.#isOver = true;
    trace.write('nemesis', '', 'all faults end');
    storeWeather.faults = calmStore;
    storeWeather.cutOff.clear();
    storeWeather.withoutHeartbeat.clear();
    storeWeather.isFull = false;
    database.locked.clear();
    networkWeather.faults = calmNetwork;
    networkWeather.down.clear();
    networkWeather.silent.clear();
    for (const node of this.#nodes) {
      node.resume();
      node.disarm();
      node.start();
    }
  }

  #again(everyMs: number, trouble: () => void): void {
    if (everyMs === Number.POSITIVE_INFINITY) return;
    this.#world.scheduler.after(this.#random.skewed(everyMs / 5, everyMs * 2), () => {
      if (this.#isOver) return;
      trouble();
      this.#again(everyMs, trouble);
    });
  }

  /** Does something for a while. */
  #forAWhile(shortestMs: number, longestMs: number, undo: () => void): void {
    this.#world.scheduler.after(this.#random.skewed(shortestMs, longestMs), undo);
  }

  #troubleNode(): void {
    const { statistics } = this.#world;
    const [first, ...others] = this.#nodes;
    if (first === undefined) return;
    const node = this.#random.pick([first, ...others]);
    const trouble = this.#random.weighted({
      crash: 3,
      ambush: 8,
      blackout: 2,
      pause: 3,
      suspend: 2,
      stop: 2,
      drain: 1,
      clock: 1,
    });
    switch (trouble) {
      case 'crash':
        if (node.state === 'down') return;
        statistics.count('crashed');
        node.crash();
        return;
      case 'blackout':
        // Whoever takes over cannot repeat what was done.
        if (node.state === 'down') return;
        statistics.count('crashed together with a service');
        node.crash();
        this.#troubleService();
        return;
      case 'ambush':
        node.lieInWait(this.#random.weighted(moments), this.#random.integer(1, 6));
        return;
      case 'pause':
      case 'suspend':
        if (node.state !== 'serving' || node.isPaused) return;
        statistics.count(trouble === 'pause' ? 'paused' : 'suspended');
        node.pause(trouble === 'suspend');
        this.#forAWhile(100, 15_000, () => node.resume());
        return;
      case 'stop':
        node.stop();
        return;
      case 'drain':
        this.#drain(node);
        return;
      case 'clock':
        if (node.clock.jump(this.#random.integer(-20_000, 20_000))) statistics.count('wall clock jumped');
        return;
      default:
        trouble satisfies never;
    }
  }

  /** An operator asks another node to drain it, and stops it a little later. */
  #drain(node: Node): void {
    const id = node.incarnation;
    const other = this.#nodes.find((one) => one !== node && one.state === 'serving' && !one.isPaused);
    if (this.#world.isExclusive || id === undefined || other === undefined) return;
    const asked = other.serve((coordinator) => {
      // The store may be away: then it is not drained, and stopped all the same.
      coordinator.drain(id).catch(() => this.#world.statistics.count('drain not asked'));
    });
    if (!asked) return;
    this.#world.statistics.count('drained');
    this.#forAWhile(500, 10_000, () => node.stop());
  }

  #troubleStore(): void {
    const { storeWeather, statistics, isExclusive } = this.#world;
    if (isExclusive) {
      statistics.count('disk full');
      storeWeather.isFull = true;
      this.#forAWhile(200, 8000, () => {
        storeWeather.isFull = false;
      });
      return;
    }
    const node = this.#random.pick(this.#machines());
    const trouble = this.#random.weighted({ cutOff: 1, everybody: 1, restart: 2, heartbeats: 2 });
    if (trouble === 'restart') this.#restartStore();
    statistics.count(`store trouble: ${trouble}`);
    const machines = trouble === 'everybody' || trouble === 'restart' ? this.#machines() : [node];
    const affected = trouble === 'heartbeats' ? storeWeather.withoutHeartbeat : storeWeather.cutOff;
    for (const machine of machines) affected.add(machine);
    this.#forAWhile(500, 12_000, () => {
      for (const machine of machines) affected.delete(machine);
    });
  }

  /** It loses nothing, cuts everything that is under way, and serves nobody until it is there again. */
  #restartStore(): void {
    const { storeWeather, databaseClock } = this.#world;
    storeWeather.restarts += 1;
    databaseClock.restart();
  }

  /** Somebody who is none of us holds it for a moment, or for as long as a report takes that nobody waits for. */
  #lockRow(): void {
    const { database, statistics, trace } = this.#world;
    const unfinished = [...database.rows.values()].filter(({ progress }) => !isFinal(progress.status));
    const [first, ...others] = unfinished.map(({ definition }) => definition.gid);
    if (first === undefined) return;
    const gid = this.#random.pick([first, ...others]);
    if (database.locked.has(gid)) return;
    statistics.count('row locked');
    trace.write('nemesis', gid, 'somebody locks its row');
    database.locked.add(gid);
    this.#forAWhile(100, 60_000, () => database.locked.delete(gid));
  }

  #machines(): [string, ...string[]] {
    const [first, ...others] = this.#nodes.map(({ machine }) => machine);
    return [first ?? '', ...others];
  }

  #troubleService(): void {
    const { networkWeather, statistics } = this.#world;
    const host = this.#random.pick(this.#hosts);
    const isSilent = this.#random.chance(0.4);
    statistics.count(isSilent ? 'service silent' : 'service down');
    const affected = isSilent ? networkWeather.silent : networkWeather.down;
    affected.add(host);
    this.#forAWhile(500, 20_000, () => affected.delete(host));
  }
}

/** Every await of the engine on something outside, with how often it is chosen. */
const moments: Readonly<Record<Moment, number>> = {
  'commit sent': 2,
  'commit applied': 3,
  'commit answered': 2,
  'claim sent': 1,
  'claim applied': 3,
  'claim answered': 2,
  'read sent': 1,
  'read applied': 1,
  'read answered': 2,
  'change sent': 1,
  'change applied': 1,
  'change answered': 1,
  'heartbeat sent': 1,
  'heartbeat applied': 1,
  'heartbeat answered': 1,
  'call sent': 2,
  'call answered': 2,
  'client served': 2,
};
