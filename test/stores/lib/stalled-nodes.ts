import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  aBeat,
  aDefinition,
  aProgress,
  create,
  numbers,
  put,
  update,
} from '../../../packages/server/src/store/contract/fixtures.ts';
import type { Store, StoredTransaction, Write } from '../../../packages/server/src/store/store.ts';
import { startCoordinator } from '../../lib/coordinator.ts';
import { distribution } from '../../lib/figures.ts';
import type { Message } from '../../lib/proxy/messages.ts';
import { NetworkProxy } from '../../lib/proxy/network-proxy.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { until } from '../../lib/until.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import { HeldService } from './held-service.ts';

/** Where in what goes over its connection a node stands still: so many bytes of that message still go. */
interface Stall {
  readonly nth: number;
  readonly afterBytes: number;
}

const rowsOfBatch = 3;
const beatMs = 1000;
/** Others declare a node dead after 5 s, look once a second, and call then. */
const usualMs = 7000;
/** It would have destroyed its connections, but it stands still. */
const patientMs = 600_000;

/**
 * Many nodes stand still in the middle of a batch, each at another message or byte of it, with all their connections open.
 * A coordinator that lives calls what they drove, in the usual time: no lock is left. When they go on, what they had
 * under way changes nothing.
 */
export async function testStalledNodes(
  t: TestContext,
  fixture: DatabaseFixture,
  { stallMs, samples }: { readonly stallMs: number; readonly samples: number },
): Promise<void> {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const random = new Random(seed);
  const service = new HeldService();
  await service.start();
  const witness = fixture.store();
  await witness.open();
  const nodes: StalledNode[] = [];
  let stopRescuer: () => Promise<void> = async () => undefined;
  try {
    const messages = await messagesOfBatch(fixture, service.url);
    const stalls: Stall[] = messages.map((_, index) => ({ nth: index + 1, afterBytes: 0 }));
    for (let count = 0; count < samples; count += 1) {
      const nth = random.whole(1, messages.length);
      stalls.push({ nth, afterBytes: random.whole(1, Math.max(1, (messages[nth - 1]?.bytes.length ?? 1) - 1)) });
    }
    for (const [index, stall] of stalls.entries()) {
      nodes.push(await StalledNode.start(fixture, `stalled-${index}`, stall, service.url));
    }
    const rescuer = await startCoordinator({ settings: { HOLDFAST_STORE_URL: fixture.url } });
    stopRescuer = () => rescuer.stop();
    await Promise.all(nodes.map((node) => node.lastBeat()));
    const stalledMs = performance.now();
    await Promise.all(nodes.map((node) => node.stand()));
    const gids = nodes.flatMap((node) => node.gids);
    const calls = (gid: string) => service.calls(`/${gid}/0`);
    await until('all are called', () => gids.every((gid) => calls(gid).length > 0), 60_000);
    const delays = gids.map((gid) => (calls(gid)[0]?.arrivedMs ?? 0) - stalledMs);
    t.diagnostic(`${nodes.length} nodes stood still; called after ${distribution(delays)}`);
    assert.ok(Math.max(...delays) < usualMs + slackMs, `called after ${Math.max(...delays)} ms`);
    const ended = () => witness.load(gids).then((rows) => rows.every((row) => row?.progress.status === 'succeed'));
    await until('all have ended', ended);
    // Not a wait for something to happen: this is the fault.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, stalledMs + stallMs - performance.now())));
    const versions = (rows: readonly (StoredTransaction | undefined)[]) => rows.map((row) => row?.version);
    const before = versions(await witness.load(gids));
    for (const node of nodes) await node.goOn();
    assert.deepEqual(versions(await witness.load(gids)), before, 'what they had under way changes nothing');
  } catch (error) {
    t.diagnostic(nodes.map(({ name, stall }) => `${name}: ${stall?.nth} + ${stall?.afterBytes}`).join(', '));
    throw error;
  } finally {
    await stopRescuer();
    for (const node of nodes) await node.stop();
    await witness.close();
    await service.stop();
  }
}

/** A busy machine. */
const slackMs = 8000;

/** What a node has before it stands still: transactions that it owns, and a batch that it is about to write. */
function workOf(name: string, serviceUrl: string): { stored: Write[]; batch: Write[]; gids: string[] } {
  const gids = numbers(rowsOfBatch + 1).map((index) => `${name}-${index}`);
  const stored = gids.map((gid) =>
    create(gid, {
      owner: name,
      definition: aDefinition(gid, {
        createdMs: Date.now(),
        steps: [{ branchId: '01', action: `${serviceUrl}/${gid}/0`, compensate: '', payload: '{}' }],
      }),
      progress: progress(),
    }),
  );
  // One of its transactions is not in the batch.
  const batch = gids
    .slice(1)
    .map((gid) => update(gid, { owner: name, expectOwner: name, progress: progress({ attemptCount: 1 }) }));
  return { stored, batch, gids };
}

const progress = (more: object = {}) => aProgress('submitted', { operations: 'pp', submittedMs: Date.now(), ...more });

/** What goes over a connection, both ways, while one batch is written for the first time. */
async function messagesOfBatch(fixture: DatabaseFixture, serviceUrl: string): Promise<readonly Message[]> {
  const node = await StalledNode.start(fixture, 'measured', undefined, serviceUrl);
  const messages: Message[] = [];
  try {
    await node.lastBeat();
    node.proxy.rule({
      at: (message) => {
        messages.push(message);
        return false;
      },
      does: { kind: 'hold', what: 'connection' },
    });
    await node.write();
    return [...messages];
  } finally {
    await node.stop();
  }
}

/** A node as its database sees it. */
class StalledNode {
  readonly name: string;
  readonly stall: Stall | undefined;
  readonly gids: readonly string[];
  readonly proxy: NetworkProxy;
  readonly #store: Store;
  readonly #batch: readonly Write[];
  #beat: Promise<unknown> = Promise.resolve();
  readonly #beating: ReturnType<typeof setInterval>;
  #goOn: () => void = () => undefined;
  #written: Promise<unknown> = Promise.resolve();

  private constructor(
    name: string,
    stall: Stall | undefined,
    proxy: NetworkProxy,
    store: Store,
    { gids, batch }: ReturnType<typeof workOf>,
  ) {
    this.name = name;
    this.stall = stall;
    this.proxy = proxy;
    this.#store = store;
    this.gids = gids;
    this.#batch = batch;
    this.#beating = setInterval(() => {
      // One that fails is followed by another.
      this.#beat = this.#store.heartbeat(aBeat(this.name)).catch(() => undefined);
    }, beatMs);
  }

  static async start(
    fixture: DatabaseFixture,
    name: string,
    stall: Stall | undefined,
    serviceUrl: string,
  ): Promise<StalledNode> {
    const proxy = await NetworkProxy.start({ protocol: fixture.protocol, port: fixture.server.port });
    const url = fixture.urlAt(proxy.port);
    const store = fixture.store({ url, connections: 1, commitMs: patientMs, readMs: patientMs });
    await store.open();
    const work = workOf(name, serviceUrl);
    await store.heartbeat(aBeat(name));
    // Of the batch the server is to hear for the first time.
    const before = fixture.store({ connections: 1 });
    await before.open();
    await put(before, ...work.stored);
    await before.close();
    return new StalledNode(name, stall, proxy, store, work);
  }

  /** From here on nothing goes over its connections but its batch. */
  async lastBeat(): Promise<void> {
    clearInterval(this.#beating);
    await this.#beat;
    await this.#store.heartbeat(aBeat(this.name));
  }

  write(): Promise<unknown> {
    return this.#store.commit(this.#batch);
  }

  /** Begins to write its batch, and stands still there; or when it is written. */
  async stand(): Promise<void> {
    const { nth, afterBytes } = this.stall ?? { nth: 0, afterBytes: 0 };
    const rule = this.proxy.rule({ nth, afterBytes, does: { kind: 'hold', what: 'connection' } });
    this.#written = this.write().catch((error: unknown) => error);
    await Promise.race([rule.met, this.#written]);
    const goOn = this.proxy.stall();
    this.#goOn = () => {
      rule.release();
      goOn();
    };
  }

  /** Resolves when what it had under way has ended. */
  async goOn(): Promise<void> {
    this.#goOn();
    await this.#written;
  }

  async stop(): Promise<void> {
    clearInterval(this.#beating);
    this.#goOn();
    await this.#store.close();
    await this.proxy.stop();
  }
}
