import assert from 'node:assert/strict';
import { until } from '../../lib/until.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import type { HeldService } from './held-service.ts';

/** Soon enough for a clock that is wrong by ten seconds to make it fire, whenever that happens. */
const alarmMs = 8000;
/** Engine time runs a tenth faster at most. The rest is for a clock that was not yet where it should be when it was asked. */
const soonestMs = alarmMs * 0.85;

interface Alarm {
  readonly path: string;
  /** By this machine's monotonic clock. */
  readonly setMs: number;
}

/** A delay, a time-out of a TCC and one of a saga, again and again: by a clock that nobody sets, none of them fires early. */
export class Alarms {
  readonly #service: HeldService;
  readonly #cluster: Cluster;
  readonly #alarms: Alarm[] = [];
  #rounds = 0;

  constructor(cluster: Cluster, service: HeldService) {
    this.#cluster = cluster;
    this.#service = service;
  }

  /** On each coordinator. */
  async set(): Promise<void> {
    this.#rounds += 1;
    await Promise.all(this.#cluster.nodes.map((node) => this.#setAt(node, `alarm-${this.#rounds}-${node.name}`)));
  }

  /** All that were set have fired. */
  async untilAllHaveFired(): Promise<void> {
    for (const { path, setMs } of this.#alarms) {
      await until(`${path} is called`, () => this.#service.calls(path).length > 0, 60_000);
      const afterMs = (this.#service.calls(path)[0]?.arrivedMs ?? 0) - setMs;
      assert.ok(afterMs >= soonestMs, `${path} was called ${Math.round(afterMs)} ms after it was set to ${alarmMs} ms`);
    }
    assert.ok(this.#alarms.length > 0, 'none was set');
  }

  async #setAt(node: ClusterNode, gid: string): Promise<void> {
    const url = `${this.#service.url}/${gid}`;
    const seconds = alarmMs / 1000;
    const setMs = performance.now();
    const later = { gid: `${gid}-msg`, trans_type: 'msg', custom_data: JSON.stringify({ delay: seconds }) };
    await this.#does(node, 'submit', { ...later, steps: [{ action: `${url}/delay` }], payloads: ['1'] });
    const tcc = { gid: `${gid}-tcc`, trans_type: 'tcc' };
    await this.#does(node, 'prepare', { ...tcc, timeout_to_fail: seconds });
    const branch = { branch_id: '01', data: '{}', confirm: `${url}/confirm`, cancel: `${url}/cancel` };
    await this.#does(node, 'registerBranch', { ...tcc, ...branch });
    this.#service.release(`/${gid}/out`, 425);
    const steps = [{ action: `${url}/out`, compensate: `${url}/back` }];
    const waits = { timeout_to_fail: seconds, retry_interval: 600 };
    await this.#does(node, 'submit', { gid: `${gid}-saga`, trans_type: 'saga', steps, payloads: ['1'], ...waits });
    for (const what of ['delay', 'cancel', 'back']) this.#alarms.push({ path: `/${gid}/${what}`, setMs });
  }

  /** The server may be away just now. */
  #does(node: ClusterNode, route: string, body: object): Promise<void> {
    return until(`${node.name} does ${route}`, async () => (await node.ask(route, body)).status === 200, 60_000);
  }
}
