import assert from 'node:assert/strict';
import { until } from '../../lib/until.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import type { HeldService } from './held-service.ts';

/** From one saga of a client to its next. */
const pauseMs = 80;

/** A client of each coordinator that submits one saga after the other, whatever happens to the database. */
export class ClockLoad {
  readonly #service: HeldService;
  readonly #cluster: Cluster;
  readonly #acknowledged: string[] = [];
  #clients: readonly Promise<void>[] = [];
  #isOver = false;

  constructor(cluster: Cluster, service: HeldService) {
    this.#cluster = cluster;
    this.#service = service;
  }

  start(): void {
    this.#clients = this.#cluster.nodes.map((node) => this.#work(node));
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  /** Ends it; what was acknowledged is done. */
  async untilDone(): Promise<void> {
    await this.stop();
    const left = () => this.#acknowledged.filter((gid) => this.#service.calls(`/${gid}/1`).length === 0);
    await until('all that was acknowledged is done', () => left().length === 0, 60_000);
    assert.ok(this.#acknowledged.length >= 20, `only ${this.#acknowledged.length} sagas were acknowledged`);
  }

  async #work(node: ClusterNode): Promise<void> {
    for (let count = 0; !this.#isOver; count += 1) {
      const gid = `load-${node.name}-${count}`;
      const steps = [0, 1].map((step) => ({ action: `${this.#service.url}/${gid}/${step}`, compensate: '' }));
      try {
        const { status } = await node.ask('submit', { gid, trans_type: 'saga', steps, payloads: ['1', '1'] });
        if (status === 200) this.#acknowledged.push(gid);
      } catch {
        // It came to no answer while the database was away: nobody knows whether it is done.
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
