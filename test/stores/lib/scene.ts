import assert from 'node:assert/strict';
import { until } from '../../lib/until.ts';
import { Cluster, type ClusterNode } from './cluster.ts';
import { HeldService } from './held-service.ts';
import type { KindFixture, StoreKind } from './kinds.ts';

export const success = '{"dtm_result":"SUCCESS"}';

/** Coordinators on one database, and a service that they call. */
export class Scene {
  readonly fixture: KindFixture;
  readonly service: HeldService;
  readonly cluster: Cluster;

  private constructor(fixture: KindFixture, service: HeldService, cluster: Cluster) {
    this.fixture = fixture;
    this.service = service;
    this.cluster = cluster;
  }

  static async start(
    kind: StoreKind,
    count: number,
    more: (name: string) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<Scene> {
    const fixture = await kind.start();
    const service = new HeldService();
    await service.start();
    try {
      const cluster = await Cluster.start(fixture, count, (name) => ({
        HOLDFAST_REQUEST_TIMEOUT_MS: '60000',
        // Each calls the service by an address of its own.
        HOLDFAST_NAMES: `bank=${service.url}/by/${name}`,
        ...more(name),
      }));
      return new Scene(fixture, service, cluster);
    } catch (error) {
      await service.stop();
      await fixture.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await this.service.stop();
    await this.fixture.stop();
  }

  get owner(): ClusterNode {
    return this.cluster.node(0);
  }

  /** A saga whose actions are `/GID/0`, `/GID/1` and so on, and their compensations `/GID/0-back`; the calls say who makes them. */
  saga(gid: string, steps = 1, more: object = {}): object {
    const url = `svc://bank/${gid}`;
    return {
      gid,
      trans_type: 'saga',
      steps: Array.from({ length: steps }, (_, index) => ({
        action: `${url}/${index}`,
        compensate: `${url}/${index}-back`,
      })),
      payloads: Array.from({ length: steps }, () => '{"amount":1}'),
      ...more,
    };
  }

  /** It must say that it did. */
  async does(node: ClusterNode, route: string, body: object): Promise<void> {
    const { status, text } = await node.ask(route, body);
    assert.deepEqual([status, text], [200, success], `${node.name}: ${route} ${JSON.stringify(body)}`);
  }

  /** A saga whose first action is out. @returns what its client sent */
  async running(node: ClusterNode, gid: string, steps = 1, more: object = {}): Promise<object> {
    const asked = this.saga(gid, steps, more);
    this.service.hold(`/${gid}/0`);
    await this.does(node, 'submit', asked);
    await this.untilCalled(`/${gid}/0`);
    return asked;
  }

  /** Undefined: it is not known. */
  async statusOf(node: ClusterNode, gid: string): Promise<string | undefined> {
    const queried = (await node.read(`/api/dtmsvr/query?gid=${gid}`)) as { transaction: { status: string } | null };
    return queried.transaction?.status;
  }

  untilStatus(node: ClusterNode, gid: string, status: string): Promise<void> {
    return until(`${gid} is ${status} at ${node.name}`, async () => (await this.statusOf(node, gid)) === status);
  }

  untilCalled(path: string, count = 1): Promise<void> {
    return until(`${path} is called ${count} times`, () => this.service.calls(path).length >= count);
  }
}
