import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CallOrder } from '../../lib/call-order.ts';
import { DecisionProbe } from '../../lib/decision-probe.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';
import { Cluster } from './cluster.ts';
import { ClusterCaller, DisturbedNode } from './cluster-caller.ts';
import type { StoreKind } from './kinds.ts';

/**
 * What is done to a node. `freeze`: it stands still past its lease, and goes on. `stutter`: it stands still for a shorter
 * time. `leave`: it is stopped in order, and started again.
 */
const deeds = ['kill', 'freeze', 'leave', 'stutter', 'freeze', 'kill'] as const;
type Deed = (typeof deeds)[number];

/**
 * A call that has passed its time-out may still arrive, after what was decided without it. That is not looked for here: so
 * long no service is away, however busy the machine is.
 */
const requestTimeoutSeconds = 30;
/** What nodes in no trouble may refuse, as a share of the requests that were acknowledged. */
const mostRefused = 0.01;
/** The same on a machine that is so busy that nodes lose their lease: nobody can say then who should have served. */
const mostRefusedOnBusyMachine = 0.1;
/** So long a busy machine may take for what is a matter of a second. */
const busyMs = 120_000;

export interface ChaosFigures {
  readonly seed: number;
  readonly seconds: number;
  readonly deeds: Readonly<Record<Deed, number>>;
  readonly transactions: number;
  readonly acknowledged: number;
  readonly servedElsewhere: number;
  readonly refusedInPeace: number;
  readonly probes: number;
}

/** Coordinators under load, clients of all of them, a participant that does not die, and somebody who disturbs. */
class Chaos {
  readonly participant = new Participant();
  readonly #random: Random;
  readonly #nodes: readonly DisturbedNode[];
  readonly caller: ClusterCaller;
  readonly load: Load;
  readonly order: CallOrder;
  readonly probe: DecisionProbe;
  readonly done: Record<Deed, number> = { kill: 0, freeze: 0, leave: 0, stutter: 0 };

  constructor(cluster: Cluster, seed: number, clients: number) {
    const { participant } = this;
    this.#random = new Random(seed);
    this.#nodes = cluster.nodes.map((node) => new DisturbedNode(node));
    this.caller = new ClusterCaller(this.#nodes, new Random(seed + 1));
    const random = new Random(seed + 2);
    const gidPrefix = `chaos-${seed}-`;
    this.load = new Load({ http: this.caller, participant, random, clients, gidPrefix, requestTimeoutSeconds });
    this.order = new CallOrder((gid) => this.load.hasEnded(gid));
    this.probe = new DecisionProbe((gid) => this.load.query(gid));
    participant.onCall = (call) => {
      this.order.called(call);
      this.probe.called(call);
    };
  }

  /** One thing after the other, each to a node by chance, with some load in peace between them. */
  async rage(untilMs: number): Promise<void> {
    // A short run has other deeds than the last one.
    for (let round = this.#random.whole(0, deeds.length - 1); performance.now() < untilMs; round += 1) {
      const deed = deeds[round % deeds.length] ?? 'kill';
      const node = this.#nodes[this.#random.whole(0, this.#nodes.length - 1)];
      if (node === undefined) throw new Error('there are no nodes');
      const acknowledged = this.load.client.acknowledged + this.#random.whole(20, 150);
      await until('there is load', () => this.load.client.acknowledged >= acknowledged, busyMs);
      const over = node.disturb();
      await this.#do(deed, node);
      over();
      this.done[deed] += 1;
    }
  }

  close(): void {
    for (const node of this.#nodes) node.close();
  }

  async #do(deed: Deed, { node: { coordinator, http } }: DisturbedNode): Promise<void> {
    const random = this.#random;
    switch (deed) {
      case 'kill':
        await coordinator.kill();
        // Others have taken over by the time it is back, or have not.
        if (random.chance(0.5)) await pause(random.whole(0, 7000));
        await coordinator.start();
        break;
      case 'leave':
        assert.deepEqual(await coordinator.kill('SIGTERM'), { code: 0, signal: null });
        await coordinator.start();
        break;
      case 'freeze':
      case 'stutter':
        process.kill(coordinator.pid, 'SIGSTOP');
        await pause(deed === 'freeze' ? random.whole(5500, 8000) : random.whole(100, 3500));
        process.kill(coordinator.pid, 'SIGCONT');
        await until('it serves again', async () => (await http.get('/readyz')).status === 200, busyMs);
        break;
      default:
        deed satisfies never;
    }
  }
}

/** Not a wait for something to happen: what is done to a node lasts so long. */
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What clients were refused that should have been served. */
function unserved({ refusedInPeace, defects }: ClusterCaller, acknowledged: number, machine: Machine): string[] {
  const isBusy = machine === 'maybe busy' && refusedInPeace > acknowledged * mostRefused;
  const most = isBusy ? mostRefusedOnBusyMachine : mostRefused;
  const tooMany = refusedInPeace > acknowledged * most;
  const refused = `nodes in no trouble refused ${refusedInPeace} requests, and ${acknowledged} were acknowledged`;
  return [...(tooMany ? [refused] : []), ...(isBusy ? [] : defects)];
}

/** Whether other work may take the processors for so long that a node loses its lease. */
export type Machine = 'quiet' | 'maybe busy';

export interface RageParts {
  readonly seed: number;
  readonly seconds: number;
  readonly clients: number;
  readonly machine: Machine;
  readonly say: (text: string) => void;
}

/**
 * Three coordinators on one database under load of all patterns, of which every few seconds one is killed, stands still or
 * is restarted. @throws AssertionError where a promise was broken
 */
export async function rage(kind: StoreKind, parts: RageParts): Promise<ChaosFigures> {
  const { seed, seconds, clients, machine, say } = parts;
  const fixture = await kind.start();
  const cluster = await Cluster.start(fixture, 3, () => ({
    HOLDFAST_REQUEST_TIMEOUT_MS: String(requestTimeoutSeconds * 1000),
  }));
  const chaos = new Chaos(cluster, seed, clients);
  const { load, participant, caller, order, probe } = chaos;
  await participant.start();
  try {
    load.gate.open();
    load.start();
    await chaos.rage(performance.now() + seconds * 1000);
    await load.stop();
    const wrong = await settleAndAudit(load, participant, 120_000);
    const figures = {
      seed,
      seconds,
      deeds: chaos.done,
      transactions: load.notes.length,
      acknowledged: load.client.acknowledged,
      servedElsewhere: caller.servedElsewhere,
      refusedInPeace: caller.refusedInPeace,
      probes: probe.count,
    };
    say(JSON.stringify(figures));
    for (const defect of order.defects.slice(0, 5)) {
      const [gid = ''] = defect.split(':');
      say(`${defect}: ${JSON.stringify(await cluster.node(0).read(`/api/v1/transactions/${gid}`))}`);
    }
    const refused = unserved(caller, load.client.acknowledged, machine);
    assert.deepEqual([...wrong, ...order.defects, ...probe.undecided, ...refused].slice(0, 20), []);
    assert.doesNotMatch(cluster.logs, /Warning:|[Uu]nhandled|internal error|cannot be driven/, 'it complained');
    await until('nothing is left', async () => {
      const { unfinished, owners } = await fixture.leftovers();
      return unfinished === 0 && owners === 0;
    });
    return figures;
  } catch (error) {
    say(cluster.logs.slice(-20_000));
    throw error;
  } finally {
    await load.abandon();
    chaos.close();
    await cluster.stop();
    await participant.stop();
    await fixture.stop();
  }
}

/** Some of it, by chance. `npm run test:all -- chaos` does it for minutes. */
export function testChaos(kind: StoreKind, seconds: number): void {
  const options = { skip: kind.missing ?? false, timeout: 300_000 };
  it(
    `three coordinators on one ${kind.name}, of which one is always killed, stopped or restarted: every promise is kept`,
    options,
    async (t) => {
      const seed = seedOfRun();
      t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
      const say = (text: string) => t.diagnostic(text);
      await rage(kind, { seed, seconds, clients: 32, machine: 'maybe busy', say });
    },
  );
}
