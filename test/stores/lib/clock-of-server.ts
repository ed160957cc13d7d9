import assert from 'node:assert/strict';
import { startCoordinator } from '../../lib/coordinator.ts';
import { until } from '../../lib/until.ts';
import { Alarms } from './clock-alarms.ts';
import { ClockLoad } from './clock-load.ts';
import { Cluster, ClusterNode } from './cluster.ts';
import { HeldService } from './held-service.ts';
import { success } from './scene.ts';

const longSeconds = 600;

/** Coordinators on a database whose server's clock is set by the test. */
export class ClockScene {
  readonly service = new HeldService();
  readonly #url: string;
  #cluster: Cluster | undefined;
  #alarms: Alarms | undefined;
  #load: ClockLoad | undefined;
  /** What was seen of coordinators that were taken for dead. */
  readonly #dead = new Set<string>();
  readonly #ids = new Map<string, Set<string>>();
  #watching: Promise<void> | undefined;
  #another: ClusterNode | undefined;
  #isOver = false;
  #made = 0;

  constructor(url: string) {
    this.#url = url;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('there are no coordinators');
    return this.#cluster;
  }

  get logs(): string {
    return this.#cluster?.logs ?? '';
  }

  /** Two coordinators under load, a call of each that is out, and on each what must not fire for a long time. */
  async start(): Promise<void> {
    await this.service.start();
    this.#cluster = await Cluster.start({ url: this.#url }, 2, () => ({ HOLDFAST_REQUEST_TIMEOUT_MS: '120000' }));
    for (const node of this.cluster.nodes) {
      this.service.hold(`/held-${node.name}/out`);
      await this.#does(node, 'submit', this.#saga(`held-${node.name}`));
      await until('it is called', () => this.service.calls(`/held-${node.name}/out`).length === 1);
      await this.#does(node, 'prepare', {
        gid: `late-tcc-${node.name}`,
        trans_type: 'tcc',
        timeout_to_fail: longSeconds,
      });
      await this.#does(node, 'submit', this.#message(`late-msg-${node.name}`, longSeconds));
      this.service.release(`/late-saga-${node.name}/out`, 425);
      const waits = { timeout_to_fail: longSeconds, retry_interval: longSeconds };
      await this.#does(node, 'submit', { ...this.#saga(`late-saga-${node.name}`), ...waits });
    }
    this.#alarms = new Alarms(this.cluster, this.service);
    this.#load = new ClockLoad(this.cluster, this.service);
    this.#load.start();
    this.#watching = this.#watch();
  }

  /** Delays and time-outs of some seconds, at each coordinator. */
  async setAlarms(): Promise<void> {
    await this.#alarms?.set();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#load?.stop();
    await this.#watching;
    await this.#another?.stop();
    await this.#cluster?.stop();
    await this.service.stop();
  }

  /** Another coordinator starts. Its time, as it is ahead of that of this machine, and what it says of the server's clock. */
  async startAnother(): Promise<{ aheadMs: number; incident: string }> {
    const settings = { HOLDFAST_STORE_URL: this.#url, HOLDFAST_NODE_NAME: 'another' };
    this.#another = new ClusterNode('another', await startCoordinator({ settings }));
    const clock = (await this.#another.read('/api/v1/clock')) as { time: string; incident: string };
    return { aheadMs: Date.parse(clock.time) - Date.now(), incident: clock.incident };
  }

  /** Work that is due soon goes on, on each coordinator, and on the other after it. */
  async untilDueWorkGoesOn(): Promise<void> {
    this.#made += 1;
    for (const node of this.cluster.nodes) {
      const gid = `due-${this.#made}-${node.name}`;
      await this.#untilDone(node, 'submit', this.#message(gid, 1));
      await this.#untilDone(node, 'prepare', { gid: `tcc-${gid}`, trans_type: 'tcc', timeout_to_fail: 2 });
      await until(`${gid} is called`, () => this.service.calls(`/${gid}/out`).length === 1, 60_000);
      await until(
        `the time-out of tcc-${gid} fires`,
        async () => {
          const queried = await this.#query(node, `tcc-${gid}`);
          return queried === 'failed';
        },
        60_000,
      );
    }
  }

  /** What engine time says of the clock, at each coordinator; empty: nothing. */
  async incidents(): Promise<readonly string[]> {
    const shown = await Promise.all(this.cluster.nodes.map((node) => node.read('/api/v1/clock')));
    return shown.map((clock) => (clock as { incident: string }).incident);
  }

  /** Nobody was taken for dead, no call was made twice, and nothing has fired early. */
  async assertNothingEarly(): Promise<void> {
    assert.deepEqual([...this.#dead], [], 'taken for dead');
    for (const node of this.cluster.nodes) {
      const { name } = node;
      const lives = await this.#livesOf(node);
      const calls = this.service.calls(`/held-${name}/out`).length;
      assert.ok(calls <= lives, `the call of ${name} that is out was made ${calls} times, in ${lives} lives of it`);
      assert.equal(await this.#query(node, `late-tcc-${name}`), 'prepared');
      assert.equal(this.service.calls(`/late-msg-${name}/out`).length, 0);
      assert.equal(await this.#query(node, `late-saga-${name}`), 'submitted');
      assert.equal(this.service.calls(`/late-saga-${name}/out`).length, 1);
    }
  }

  /** The calls that are out are answered, and what they belong to ends; so does the load, and no alarm has fired early. */
  async untilAllEnds(): Promise<void> {
    await this.#load?.untilDone();
    await this.#alarms?.untilAllHaveFired();
    for (const node of this.cluster.nodes) {
      this.service.release(`/held-${node.name}/out`);
      await until(
        'what was out ends',
        async () => (await this.#query(node, `held-${node.name}`)) === 'succeed',
        60_000,
      );
    }
  }

  /** As each coordinator shows it, all the time. One whose lease has lapsed goes on under another id: its old one may be dead. */
  async #watch(): Promise<void> {
    while (!this.#isOver) {
      for (const node of this.cluster.nodes) {
        const shown = await node.nodes();
        for (const { name } of shown.filter(({ isDead }) => isDead)) {
          const living = this.cluster.nodes.find((one) => one.name === name);
          const ownId = living && (await this.#idOf(living));
          if (shown.some(({ id, isDead }) => isDead && id === ownId)) this.#dead.add(`${name} by ${node.name}`);
        }
        await this.#livesOf(node);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** How often its lease was another: on a busy machine a failover may take longer than it lasts. Then it calls again. */
  async #livesOf(node: ClusterNode): Promise<number> {
    const ids = this.#ids.get(node.name) ?? new Set();
    this.#ids.set(node.name, ids);
    const id = await this.#idOf(node);
    if (id !== undefined) ids.add(id);
    return ids.size;
  }

  async #idOf(node: ClusterNode): Promise<string | undefined> {
    return (await node.nodes()).find(({ isThis }) => isThis)?.id;
  }

  #saga(gid: string): object {
    const steps = [{ action: `${this.service.url}/${gid}/out`, compensate: `${this.service.url}/${gid}/back` }];
    return { gid, trans_type: 'saga', steps, payloads: ['1'] };
  }

  #message(gid: string, delay: number): object {
    const steps = [{ action: `${this.service.url}/${gid}/out` }];
    return { gid, trans_type: 'msg', steps, payloads: ['1'], custom_data: JSON.stringify({ delay }) };
  }

  async #query(node: ClusterNode, gid: string): Promise<string | undefined> {
    const queried = (await node.read(`/api/dtmsvr/query?gid=${gid}`)) as { transaction: { status: string } | null };
    return queried.transaction?.status;
  }

  async #does(node: ClusterNode, route: string, body: object): Promise<void> {
    const { status, text } = await node.ask(route, body);
    assert.deepEqual([status, text], [200, success], `${node.name}: ${route} ${JSON.stringify(body)}`);
  }

  /** The server may be away just now. */
  #untilDone(node: ClusterNode, route: string, body: object): Promise<void> {
    return until(`${node.name} does ${route}`, async () => (await node.ask(route, body)).status === 200, 60_000);
  }
}
