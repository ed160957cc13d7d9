import type { TransactionType } from '@holdfast/core';
import type { Violation } from '../auditor/violation.ts';
import { type Banks, Client } from '../clients/client.ts';
import { planMessage, runMessage } from '../clients/message.ts';
import { operate, pester } from '../clients/operator.ts';
import { planSaga, runSaga } from '../clients/saga.ts';
import { planSecondPhase } from '../clients/second-phase.ts';
import { runTcc } from '../clients/tcc.ts';
import { FlowHost, planWorkflow, runWorkflow } from '../clients/workflow.ts';
import { runXa } from '../clients/xa.ts';
import { flowHost } from '../network/flow.ts';
import { accounts, buildSurroundings, deadHost, hosts, type Inhabited } from './build.ts';
import { Gateway } from './gateway.ts';
import { Nemesis } from './nemesis.ts';
import { Node } from './node.ts';
import { addPoison } from './poison.ts';
import { type Flavour, type Profile, profileOf } from './profile.ts';
import type { Surroundings } from './surroundings.ts';
import { Versions } from './versions.ts';

export interface Outcome {
  readonly seed: number;
  /** The first promise that was broken; undefined: all were kept. */
  readonly violation: Violation | undefined;
  /** What occurred, and how often. */
  readonly statistics: Record<string, number>;
  readonly events: number;
  /** How long the world lived, in simulated milliseconds. */
  readonly simulatedMs: number;
}

export interface LifeOptions {
  /** Told of all that happens, line by line. */
  readonly sink?: ((line: string) => void) | undefined;
  /** Instead of the one that the seed draws. */
  readonly flavour?: Flavour | undefined;
}

export type Live = typeof live;

/** Everything must be over this long after all faults have ended. */
const patienceMs = 600_000;
/** Nodes that were going down when the faults ended have come back after this. */
const aftermathMs = 25_000;
const lookEveryMs = 5000;
/** Late duplicates and lost commits have arrived after this. */
const afterglowMs = 30_000;
/** How many worlds have rows that nobody can understand. */
const poisonShare = 0.2;
/** Where one service is dead, this share of the clients need it. */
const deadShare = 0.7;

/** Lives through one world, decided by its seed (and the flavour asked for) alone. */
export function live(seed: number, options: LifeOptions = {}): Promise<Outcome> {
  return new World(seed, options).live();
}

class World {
  readonly #world: Surroundings;
  readonly #inhabited: Inhabited;
  readonly #profile: Profile;
  readonly #nodes: readonly Node[];
  readonly #nemesis: Nemesis;
  readonly #gateway: Gateway;
  #clientsBusy = 0;

  constructor(seed: number, { sink, flavour }: LifeOptions) {
    this.#inhabited = buildSurroundings(seed, (random) => profileOf(random, flavour), sink);
    const { surroundings, profile, clocks } = this.#inhabited;
    this.#world = surroundings;
    this.#profile = profile;
    const versions = new Versions(profile, surroundings.random('versions'));
    this.#nodes = [...clocks].map(([machine, clock]) => new Node(machine, clock, surroundings, versions));
    this.#gateway = new Gateway(surroundings, this.#nodes);
    this.#nemesis = new Nemesis(surroundings, profile, this.#nodes, [...hosts, 'ledger', flowHost]);
  }

  async live(): Promise<Outcome> {
    const { scheduler, statistics, seed } = this.#world;
    this.#nemesis.start();
    for (const node of this.#nodes) node.start();
    this.#keepAlive();
    this.#addClients();
    this.#addPoison();
    this.#watchForgotten();
    await this.#until(() => this.#isAllOver || scheduler.nowMs > this.#profile.chaosMs + patienceMs);
    this.#judgeTimes();
    const endMs = scheduler.nowMs + afterglowMs;
    await this.#until(() => scheduler.nowMs > endMs);
    this.#judgeEffects();
    return {
      seed,
      violation: this.#inhabited.violations[0],
      statistics: statistics.all(),
      events: scheduler.picked,
      simulatedMs: scheduler.nowMs,
    };
  }

  get #isBroken(): boolean {
    return this.#inhabited.violations.length > 0;
  }

  get #isAllOver(): boolean {
    return this.#nemesis.isOver && this.#clientsBusy === 0 && this.#world.auditor.isAllOver;
  }

  /** Stops at the first broken promise: what follows it is of no interest. */
  async #until(isReached: () => boolean): Promise<void> {
    await this.#world.scheduler.run(() => this.#isBroken || isReached());
  }

  #judgeTimes(): void {
    if (this.#isBroken) return;
    const { auditor, scheduler } = this.#world;
    auditor.judgeLiveness(scheduler.nowMs - this.#profile.chaosMs);
    if (this.#profile.flavour === 'dead-service') auditor.judgePromptness(deadHost);
  }

  #judgeEffects(): void {
    if (this.#isBroken) return;
    const { banks, ledger } = this.#inhabited;
    this.#world.auditor.judgeEffects(banks, ledger);
  }

  /** A supervisor starts again what is down, sooner or later. */
  #keepAlive(): void {
    const { scheduler } = this.#world;
    const random = this.#world.random('supervisor');
    for (const node of this.#nodes) {
      const look = () => {
        if (node.state === 'down') node.start();
        else if (node.isOutOfUse) node.stop();
        scheduler.after(random.skewed(300, 12_000), look);
      };
      scheduler.after(1000, look);
    }
  }

  #addPoison(): void {
    const random = this.#world.random('poison');
    if (random.chance(poisonShare)) addPoison(this.#world, random, this.#profile.chaosMs);
  }

  /** Not at once: nodes that were being stopped must end and start first. */
  #watchForgotten(): void {
    const { scheduler, auditor } = this.#world;
    const { chaosMs } = this.#profile;
    const look = () => {
      auditor.judgeForgotten(scheduler.nowMs - chaosMs);
      scheduler.after(lookEveryMs, look);
    };
    scheduler.at(chaosMs + aftermathMs, look);
  }

  #addClients(): void {
    const random = this.#world.random('arrivals');
    this.#addFlowHost();
    const { transactions, chaosMs, flavour } = this.#profile;
    for (let index = 0; index < transactions; index += 1) {
      const needsDead = flavour === 'dead-service' && random.chance(deadShare);
      const client = this.#newClient(`client ${index}`, needsDead ? [deadHost] : hosts);
      const pattern = random.weighted({ saga: 5, msg: 3, tcc: 3, xa: 3, workflow: 3 });
      this.#world.scheduler.at(random.between(0, chaosMs), () => this.#begin(pattern, `${pattern}-${index}`, client));
    }
    this.#run('operator', operate(this.#newClient('operator', hosts), chaosMs));
    pester(this.#newClient('pest', hosts), chaosMs, (gid, life) => this.#run(gid, life));
  }

  #addFlowHost(): void {
    const host = new FlowHost(this.#newClient('flow', hosts), this.#profile.chaosMs);
    this.#inhabited.services.set(flowHost, host);
  }

  #begin(pattern: TransactionType, gid: string, client: Client): void {
    this.#world.statistics.count(`${pattern} started`);
    switch (pattern) {
      case 'saga':
        this.#run(gid, runSaga(client, planSaga(client, gid)));
        return;
      case 'msg':
        this.#run(gid, runMessage(client, planMessage(client, gid)));
        return;
      case 'tcc':
        this.#run(gid, runTcc(client, planSecondPhase(client, gid, 'tcc')));
        return;
      case 'xa':
        this.#run(gid, runXa(client, planSecondPhase(client, gid, 'xa')));
        return;
      case 'workflow':
        this.#run(gid, runWorkflow(client, planWorkflow(client, gid), this.#profile.chaosMs));
        return;
      default:
        pattern satisfies never;
    }
  }

  #newClient(name: string, used: Banks['hosts']): Client {
    return new Client({
      world: this.#world,
      gateway: this.#gateway,
      ledger: this.#inhabited.ledger,
      banks: { hosts: used, accounts },
      random: this.#world.random(name),
      timeoutShare: this.#profile.timeoutShare,
    });
  }

  #run(gid: string, life: Promise<unknown>): void {
    this.#clientsBusy += 1;
    life.then(
      () => {
        this.#clientsBusy -= 1;
      },
      (error: unknown) => this.#world.auditor.broke(gid, `a client failed: ${error}`),
    );
  }
}
