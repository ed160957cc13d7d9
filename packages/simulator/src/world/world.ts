import { Auditor } from '../auditor/auditor.ts';
import type { Case } from '../auditor/case.ts';
import type { Court } from '../auditor/court.ts';
import type { Violation } from '../auditor/violation.ts';
import { type Banks, Client } from '../clients/client.ts';
import { planMessage, runMessage } from '../clients/message.ts';
import { operate } from '../clients/operator.ts';
import { planSaga, runSaga } from '../clients/saga.ts';
import { planTcc, runTcc } from '../clients/tcc.ts';
import { epochMs, MachineClock } from '../kernel/clock.ts';
import { Random } from '../kernel/random.ts';
import { Scheduler } from '../kernel/scheduler.ts';
import { Statistics } from '../kernel/statistics.ts';
import { Trace } from '../kernel/trace.ts';
import { Bank } from '../network/bank.ts';
import { Ledger } from '../network/ledger.ts';
import { Network } from '../network/network.ts';
import type { Service } from '../network/request.ts';
import { calmNetworkWeather } from '../network/weather.ts';
import { Database } from '../store/database.ts';
import { calmWeather } from '../store/weather.ts';
import { Gateway } from './gateway.ts';
import { deadHost, Nemesis } from './nemesis.ts';
import { Node } from './node.ts';
import { type Profile, profileOf } from './profile.ts';
import type { Surroundings } from './surroundings.ts';

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly statistics: Record<string, number>;
  readonly events: number;
  /** How long the world lived, in simulated milliseconds. */
  readonly simulatedMs: number;
}

/** Everything must be over this long after all faults have ended. */
const patienceMs = 600_000;
/** Late duplicates and lost commits have arrived after this. */
const afterglowMs = 30_000;

const hosts = ['bank-a', 'bank-b', 'bank-c'] as const;
const withoutBarrier: readonly string[] = ['bank-c'];
/** Where one service is dead, that many of a hundred clients need it. */
const deadClients = 0.7;
const accounts = ['anna', 'ben', 'cleo', 'dina'] as const;

/** Lives through one world, decided by its seed alone. */
export async function live(seed: number, sink?: (line: string) => void): Promise<Outcome> {
  const world = new World(seed, sink);
  return world.live();
}

class World {
  readonly #violations: Violation[] = [];
  readonly #surroundings: Surroundings;
  readonly #profile: Profile;
  readonly #nodes: Node[] = [];
  readonly #banks = new Map<string, Bank>();
  readonly #ledger = new Ledger();
  readonly #nemesis: Nemesis;
  readonly #gateway: Gateway;
  #clientsBusy = 0;

  constructor(seed: number, sink: ((line: string) => void) | undefined) {
    const random = (stream: string) => new Random(seed, stream);
    this.#profile = profileOf(random('profile'));
    const { isExclusive } = this.#profile;
    const scheduler = new Scheduler(random('scheduler'));
    const statistics = new Statistics();
    const trace = new Trace(() => scheduler.nowMs, sink);
    const database = new Database(() => epochMs + scheduler.nowMs);
    const networkWeather = calmNetworkWeather();
    const storeWeather = calmWeather();
    for (const host of [...hosts, deadHost]) {
      const noticed = (what: string) => statistics.count(`barrier: ${what}`);
      this.#banks.set(host, new Bank(!withoutBarrier.includes(host), accounts, noticed));
    }
    const services = new Map<string, Service>([...this.#banks, ['ledger', this.#ledger]]);
    const network = new Network({
      scheduler,
      random: random('network'),
      weather: networkWeather,
      statistics,
      services,
      arrived: ({ gid, branchId, op, url }, { statusCode }) => {
        if (trace.isOn) trace.write(url.split('/')[2] ?? '', gid, `serves ${branchId}/${op}: ${statusCode}`);
      },
    });
    const clocks = new Map<string, MachineClock>();
    const court: Court = {
      cases: new Map<string, Case>(),
      database,
      isExclusive,
      nowMs: () => scheduler.nowMs,
      machines: () => clocks,
      later: (delayMs, judge) => {
        scheduler.after(delayMs, judge);
      },
      find: (violation) => {
        trace.write('auditor', violation.gid, violation.message);
        this.#violations.push(violation);
      },
    };
    const auditor = new Auditor(court, statistics, this.#profile.flavour !== 'chaos');
    database.watch((before, after, cause) => {
      const row = after ?? before;
      if (trace.isOn && row !== undefined) {
        const { progress, owner, version } = row;
        const what = `${progress.status} ${progress.operations} owner ${owner} version ${version} due ${progress.dueMs - epochMs}`;
        trace.write('store', row.definition.gid, `${cause.kind} by ${cause.by}: ${what}`);
      }
      auditor.changed(before, after, cause);
    });
    this.#surroundings = {
      seed,
      isExclusive,
      scheduler,
      statistics,
      trace,
      database,
      storeWeather,
      network,
      networkWeather,
      auditor,
      random,
    };
    this.#addNodes(clocks, random('clocks'));
    this.#gateway = new Gateway(this.#surroundings, this.#nodes);
    this.#nemesis = new Nemesis(this.#surroundings, this.#profile, this.#nodes, [...hosts, 'ledger']);
  }

  async live(): Promise<Outcome> {
    const { scheduler, statistics, seed } = this.#surroundings;
    this.#nemesis.start();
    for (const node of this.#nodes) node.start();
    this.#keepAlive();
    this.#addClients();
    const { chaosMs } = this.#profile;
    await this.#until(() => this.#isAllOver || scheduler.nowMs > chaosMs + patienceMs);
    if (this.#violations.length === 0) this.#surroundings.auditor.judgeLiveness(scheduler.nowMs - chaosMs);
    if (this.#violations.length === 0 && this.#profile.flavour === 'dead service') {
      this.#surroundings.auditor.judgePromptness(deadHost);
    }
    const endMs = scheduler.nowMs + afterglowMs;
    await this.#until(() => scheduler.nowMs > endMs);
    if (this.#violations.length === 0) this.#surroundings.auditor.judgeEffects(this.#banks, this.#ledger);
    return {
      seed,
      violation: this.#violations[0],
      statistics: statistics.all(),
      events: scheduler.picked,
      simulatedMs: scheduler.nowMs,
    };
  }

  async #until(isReached: () => boolean): Promise<void> {
    await this.#surroundings.scheduler.run(() => this.#violations.length > 0 || isReached());
  }

  get #isAllOver(): boolean {
    return this.#nemesis.isOver && this.#clientsBusy === 0 && this.#surroundings.auditor.isAllOver;
  }

  #addNodes(clocks: Map<string, MachineClock>, random: Random): void {
    const { drift, wallOffsetMs, nodes } = this.#profile;
    for (const machine of ['a', 'b', 'c'].slice(0, nodes)) {
      const clock = new MachineClock(
        this.#surroundings.scheduler,
        random.between(-drift, drift),
        random.between(-wallOffsetMs, wallOffsetMs),
        random.between(1000, 1_000_000),
      );
      clocks.set(machine, clock);
      this.#nodes.push(new Node(machine, clock, this.#surroundings));
    }
  }

  /** A supervisor starts again what is down. */
  #keepAlive(): void {
    const { scheduler } = this.#surroundings;
    const random = this.#surroundings.random('supervisor');
    for (const node of this.#nodes) {
      const look = () => {
        if (node.state === 'down') node.start();
        scheduler.after(random.skewed(300, 12_000), look);
      };
      scheduler.after(1000, look);
    }
  }

  #addClients(): void {
    const { scheduler, statistics, random } = this.#surroundings;
    const dice = random('arrivals');
    for (let index = 0; index < this.#profile.transactions; index += 1) {
      const needsDead = this.#profile.flavour === 'dead service' && dice.chance(deadClients);
      const client = this.#newClient(`client ${index}`, needsDead ? [deadHost] : hosts);
      const type = dice.weighted({ saga: 5, msg: 3, tcc: 3 });
      const gid = `${type}-${index}`;
      statistics.count(`${type} started`);
      scheduler.at(dice.between(0, this.#profile.chaosMs), () => {
        if (type === 'saga') this.#run(gid, runSaga(client, planSaga(client, gid)));
        else if (type === 'msg') this.#run(gid, runMessage(client, planMessage(client, gid)));
        else this.#run(gid, runTcc(client, planTcc(client, gid)));
      });
    }
    this.#run('operator', operate(this.#newClient('operator', hosts), this.#profile.chaosMs));
  }

  #newClient(name: string, used: Banks['hosts']): Client {
    return new Client({
      world: this.#surroundings,
      gateway: this.#gateway,
      ledger: this.#ledger,
      banks: { hosts: used, accounts },
      random: this.#surroundings.random(name),
    });
  }

  #run(gid: string, life: Promise<void>): void {
    this.#clientsBusy += 1;
    life.then(
      () => {
        this.#clientsBusy -= 1;
      },
      (error: unknown) => this.#surroundings.auditor.broke(gid, `a client failed: ${error}`),
    );
  }
}
