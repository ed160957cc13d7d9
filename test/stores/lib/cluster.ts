import { type Coordinator, startCoordinator } from '../../lib/coordinator.ts';
import { type Answer, HttpCaller } from '../../lib/http.ts';
import { until } from '../../lib/until.ts';
import type { DatabaseFixture } from './database-fixture.ts';

/** What `GET /api/v1/nodes` tells of one of them. */
export interface ShownNode {
  readonly id: string;
  readonly name: string;
  readonly isThis: boolean;
  readonly isDraining: boolean;
  readonly isDead: boolean;
}

/** What `GET /api/v1/transactions/GID` tells, as far as it is looked at. */
export interface Shown {
  readonly status: string;
  readonly owner: string | null;
  readonly ownerName: string | null;
  readonly isDrivenHere: boolean;
  readonly inFlight: readonly object[];
}

/** One of several coordinators, as its clients see it. */
export class ClusterNode {
  readonly name: string;
  readonly coordinator: Coordinator;
  readonly http: HttpCaller;

  constructor(name: string, coordinator: Coordinator) {
    this.name = name;
    this.coordinator = coordinator;
    this.http = new HttpCaller(coordinator.url);
  }

  /** A route of dtm's. */
  ask(route: string, body: object): Promise<Answer> {
    return this.http.post(`/api/dtmsvr/${route}`, body);
  }

  /** What it answers in JSON. @throws Error where it answers anything but 200 */
  async read(path: string): Promise<unknown> {
    const { status, text } = await this.http.get(path);
    if (status !== 200) throw new Error(`${this.name} answered ${path} with ${status} ${text}`);
    return JSON.parse(text);
  }

  async show(gid: string): Promise<Shown> {
    return (await this.read(`/api/v1/transactions/${gid}`)) as Shown;
  }

  async nodes(): Promise<readonly ShownNode[]> {
    return ((await this.read('/api/v1/nodes')) as { nodes: readonly ShownNode[] }).nodes;
  }

  /** How often it has asked its store for that, with an answer or without. */
  async storeCount(operation: string): Promise<number> {
    const { text } = await this.http.get('/api/metrics');
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith('holdfast_store_duration_seconds_count{'))
      .filter((line) => line.includes(`operation="${operation}"`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async stop(): Promise<void> {
    this.http.close();
    await this.coordinator.stop();
  }
}

/** Coordinators that share a database; the first is `node-0`. */
export class Cluster {
  readonly nodes: readonly ClusterNode[];

  private constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes;
  }

  /** @param more further settings of each, by its name */
  static async start(
    fixture: Pick<DatabaseFixture, 'url'>,
    count: number,
    more: (name: string) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<Cluster> {
    const started = await Promise.allSettled(
      Array.from({ length: count }, async (_, index) => {
        const name = `node-${index}`;
        const settings = { HOLDFAST_STORE_URL: fixture.url, HOLDFAST_NODE_NAME: name, ...more(name) };
        return new ClusterNode(name, await startCoordinator({ settings }));
      }),
    );
    const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const cluster = new Cluster(nodes);
    const failed = started.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      await cluster.stop();
      throw failed.reason;
    }
    await cluster.untilAllKnown();
    return cluster;
  }

  node(index: number): ClusterNode {
    const node = this.nodes[index % this.nodes.length];
    if (node === undefined) throw new Error('there are no nodes');
    return node;
  }

  /** Each has heard of all others, and none takes any of them for dead. */
  async untilAllKnown(): Promise<void> {
    await until('each coordinator has heard of all others', async () => {
      const heard = await Promise.all(this.nodes.map((node) => node.nodes()));
      return heard.every((nodes) => nodes.filter(({ isDead }) => !isDead).length === this.nodes.length);
    });
  }

  /** All that they printed. */
  get logs(): string {
    return this.nodes.map(({ name, coordinator }) => `---- ${name}\n${coordinator.logs}`).join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
