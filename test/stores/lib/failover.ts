import assert from 'node:assert/strict';
import type { Answer } from '../../lib/http.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import { Random } from '../../lib/random.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';
import { Cluster, type ClusterNode } from './cluster.ts';
import type { Pair } from './old-primary.ts';

const coordinators = 3;
const clients = 16;
/** How long the old primary takes writes. */
const backMs = 10_000;

/** Clients that ask any of the coordinators, and for a reading one after the other. */
class AnyNode {
  readonly #nodes: readonly ClusterNode[];
  readonly #random: Random;
  /** When a request was last acknowledged that was sent after that time. */
  onAcknowledged: (sentMs: number) => void = () => undefined;

  constructor(nodes: readonly ClusterNode[], random: Random) {
    this.#nodes = nodes;
    this.#random = random;
  }

  async post(path: string, body: object): Promise<Answer> {
    const sentMs = performance.now();
    const answer = await this.#next().http.post(path, body);
    if (answer.status === 200) this.onAcknowledged(sentMs);
    return answer;
  }

  async get(path: string): Promise<Answer> {
    for (let left = coordinators * 2; ; left -= 1) {
      try {
        const answer = await this.#next().http.get(path);
        if (answer.status !== 503 || left === 0) return answer;
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  }

  #next(): ClusterNode {
    const node = this.#nodes[this.#random.whole(0, this.#nodes.length - 1)];
    if (node === undefined) throw new Error('there are no nodes');
    return node;
  }
}

/** A server and a replica that has all that the server acknowledges. */
export interface FailoverBed extends Pair {
  /** Both, the primary first. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * What its coordinators have written on a server; nothing of it changes once nobody writes there. The probe is left out: by it
 * they find out which of two servers acknowledges what is written.
 */
async function written(server: PrivateServer, prefix: string): Promise<readonly (string | undefined)[]> {
  const rows = await server.sql(
    `select 'transactions', count(*), coalesce(sum(version), 0), coalesce(max(id), 0) from ${prefix}transactions
     union all select 'nodes', count(*), sum(count), 0 from ${prefix}nodes
     union all select 'line', count(*), sum(version), 0 from ${prefix}key_values where category = 'cluster'`,
  );
  return rows.map((row) => row.join(' '));
}

/**
 * Three coordinators on a database with a synchronous replica, under load of all patterns. The primary is killed by -9,
 * the replica is promoted, and the old primary comes back and takes writes for 10 s; one coordinator is killed
 * meanwhile, and starts while both take writes. @throws AssertionError where anything acknowledged is lost, or anybody
 * writes to the old primary
 *
 * @param prefix of the names of tables
 */
export async function failOver(
  start: () => Promise<FailoverBed>,
  prefix: string,
  seed: number,
  say: (text: string) => void,
): Promise<void> {
  const random = new Random(seed);
  const pair = await start();
  const participant = new Participant();
  await participant.start();
  let cluster: Cluster | undefined;
  let load: Load | undefined;
  try {
    cluster = await Cluster.start(pair, coordinators);
    const http = new AnyNode(cluster.nodes, new Random(seed + 1));
    load = new Load({ http, participant, random, clients, gidPrefix: `failover-${seed}-` });
    const { client } = load;
    const acknowledged = (more: number) => {
      const wanted = client.acknowledged + more;
      return until('requests are acknowledged', () => client.acknowledged >= wanted, 60_000);
    };
    load.gate.open();
    load.start();
    await acknowledged(random.whole(50, 200));

    await pair.primary.kill();
    await pair.promote();
    const promotedMs = performance.now();
    const served = Promise.withResolvers<number>();
    http.onAcknowledged = (sentMs) => sentMs > promotedMs && served.resolve(performance.now() - promotedMs);
    // The old one may be back before anybody has followed to the new one, or after.
    if (random.chance(0.5)) await acknowledged(random.whole(1, 50));
    await pair.comeBackAlone();
    const before = await written(pair.primary, prefix);
    const backUntilMs = performance.now() + backMs;
    say(`served again after ${Math.round(await served.promise)} ms`);

    const restarted = cluster.node(random.whole(0, coordinators - 1));
    await restarted.coordinator.restart();
    await until(
      'each coordinator says that the database is split',
      async () => {
        const told = await Promise.all((cluster?.nodes ?? []).map((node) => node.read('/api/v1/nodes')));
        return told.every((answer) => /is split/.test((answer as { incident: string }).incident));
      },
      60_000,
    );
    await acknowledged(100);
    await until('the old primary was back for long enough', () => performance.now() > backUntilMs);
    assert.deepEqual(await written(pair.primary, prefix), before, 'somebody has written to the old primary');
    await pair.primary.kill();

    await acknowledged(50);
    await load.stop();
    const wrong = await settleAndAudit(load, participant, 120_000);
    say(`${load.notes.length} transactions, ${client.acknowledged} acknowledged requests`);
    assert.deepEqual(wrong.slice(0, 20), []);
    const { logs } = cluster;
    assert.doesNotMatch(logs, /Warning:|[Uu]nhandled|internal error|cannot be driven/, 'it complained about itself');
    const lines = logs.split('\n').length;
    assert.ok(lines < 300, `${lines} lines of log: one for each request would be thousands`);
  } catch (error) {
    say(cluster?.logs.slice(-20_000) ?? '');
    throw error;
  } finally {
    await load?.abandon();
    await cluster?.stop();
    await participant.stop();
    await pair.stop();
  }
}
