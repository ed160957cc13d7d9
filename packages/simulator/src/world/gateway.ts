import { HoldfastError } from '@holdfast/core';
import type { Coordinator } from 'holdfast/engine/coordinator';
import type { Acknowledgement } from '../auditor/answers.ts';
import type { SimulatedProcess } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';
import type { Node } from './node.ts';
import type { Surroundings } from './surroundings.ts';

/** What a client learns of its request. */
export type Answer<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'refused'; readonly error: HoldfastError }
  /** No answer in time: perhaps done, perhaps not. */
  | { readonly kind: 'unknown' };

export interface Asked<Value> {
  readonly gid: string;
  readonly what: string;
  readonly ask: (coordinator: Coordinator) => Promise<Value>;
  /** What a success claims to have made durable. */
  readonly claims: (value: Value) => readonly Acknowledgement[];
  readonly patienceMs: number;
}

/** The way of clients to the coordinators: some node, a network that loses, and a limit to patience. */
export class Gateway {
  readonly #world: Surroundings;
  readonly #nodes: readonly Node[];
  readonly #random: Random;

  constructor(world: Surroundings, nodes: readonly Node[]) {
    this.#world = world;
    this.#nodes = nodes;
    this.#random = world.random('gateway');
  }

  request<Value>(asked: Asked<Value>): Promise<Answer<Value>> {
    const { scheduler, statistics } = this.#world;
    return new Promise((resolve) => {
      let isOver = false;
      const end = (answer: Answer<Value>) => {
        if (isOver) return;
        isOver = true;
        resolve(answer);
      };
      scheduler.after(asked.patienceMs, () => {
        if (!isOver) statistics.count('client gave up waiting');
        end({ kind: 'unknown' });
      });
      this.#deliver(asked, end);
      if (this.#random.chance(this.#world.networkWeather.faults.duplicated)) {
        statistics.count('client request duplicated');
        this.#deliver(asked, () => undefined);
      }
    });
  }

  #deliver<Value>(asked: Asked<Value>, answered: (answer: Answer<Value>) => void): void {
    const { scheduler, statistics, networkWeather } = this.#world;
    if (this.#random.chance(networkWeather.faults.requestLost)) {
      statistics.count('client request lost');
      return;
    }
    const node = this.#choose();
    scheduler.after(this.#legMs(), () => {
      const isServed = node.serve((coordinator, process) => this.#ask(asked, coordinator, process, node, answered));
      if (!isServed) scheduler.after(this.#legMs(), () => answered({ kind: 'unknown' }));
    });
  }

  /** Mostly one that serves, as behind a load balancer. */
  #choose(): Node {
    const serving = this.#nodes.filter(({ state }) => state === 'serving');
    const [first, ...others] = serving.length === 0 || this.#random.chance(0.05) ? this.#nodes : serving;
    if (first === undefined) throw new Error('a world has at least one node');
    return this.#random.pick([first, ...others]);
  }

  #ask<Value>(
    { gid, what, ask, claims }: Asked<Value>,
    coordinator: Coordinator,
    process: SimulatedProcess,
    node: Node,
    answered: (answer: Answer<Value>) => void,
  ): void {
    const { auditor, trace, statistics } = this.#world;
    if (trace.isOn) trace.write(node.machine, gid, `is asked to ${what}`);
    const wokenSince = auditor.watchWake(gid);
    const refused = what === 'prepare' || what === 'submit' ? auditor.asksNode(gid) : () => undefined;
    if (node.isHandingBack(gid)) statistics.count(`asked during a hand-back: ${what}`);
    ask(coordinator).then(
      (value) => {
        if (!process.isAlive) return;
        if (trace.isOn) trace.write(process.id, gid, `answers ${what}: done`);
        for (const claim of claims(value)) {
          auditor.acknowledged(gid, claim);
          if (claim.kind === 'due') wokenSince();
        }
        this.#answer({ kind: 'done', value }, answered);
        node.served(process);
      },
      (error: unknown) => {
        if (!process.isAlive) return;
        if (trace.isOn) trace.write(process.id, gid, `answers ${what}: ${error}`);
        if (error instanceof HoldfastError) refused(error);
        if (error instanceof HoldfastError) this.#answer({ kind: 'refused', error }, answered);
        else auditor.broke(gid, `${what} was answered with an error nobody expected: ${error}`);
      },
    );
  }

  #answer<Value>(answer: Answer<Value>, answered: (answer: Answer<Value>) => void): void {
    const { scheduler, statistics, networkWeather } = this.#world;
    if (this.#random.chance(networkWeather.faults.answerLost)) {
      statistics.count('answer to a client lost');
      return;
    }
    scheduler.after(this.#legMs(), () => answered(answer));
  }

  #legMs(): number {
    const { networkWeather } = this.#world;
    return this.#random.chance(networkWeather.faults.slow)
      ? this.#random.skewed(100, 3000)
      : this.#random.skewed(0.5, 20);
  }
}
