import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startCoordinator } from '../../lib/coordinator.ts';
import { HttpCaller } from '../../lib/http.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import type { Message } from '../../lib/proxy/messages.ts';
import { NetworkProxy } from '../../lib/proxy/network-proxy.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';
import { ClusterNode } from './cluster.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import { OnceOnly } from './once-only.ts';

export interface Holds {
  /** For how long what writes is held back on its way to the server, and answers on their way back. */
  readonly holdsMs: readonly number[];
  readonly seconds: number;
}

/**
 * The network before one of two coordinators holds back messages to the database and its answers for longer than a write
 * may take, while clients run all patterns and retry on it, and others ask each thing once. What was acknowledged is there
 * once, what was refused is not there, and transactions end as their services' ledgers say.
 */
export async function testHeldCommits(
  t: TestContext,
  fixture: DatabaseFixture,
  { holdsMs, seconds }: Holds,
): Promise<void> {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const { protocol, server } = fixture;
  const proxy = await NetworkProxy.start({ protocol, port: server.port, seed });
  const participant = new Participant();
  await participant.start();
  const started = await Promise.all(
    [fixture.urlAt(proxy.port), fixture.url].map((url) => startCoordinator({ settings: { HOLDFAST_STORE_URL: url } })),
  );
  const nodes = started.map((coordinator, index) => new ClusterNode(`node-${index}`, coordinator));
  const [held, free] = nodes;
  assert.ok(held !== undefined && free !== undefined);
  const http = new HttpCaller(held.coordinator.url);
  const random = new Random(seed);
  const load = new Load({ http, participant, random, clients: 16, gidPrefix: `held-${seed}-` });
  const once = new OnceOnly(held, participant.url, `once-${seed}-`);
  const startedMs = performance.now();
  try {
    load.gate.open();
    load.start();
    once.start(8);
    await until('there is load', () => load.client.acknowledged > 50 && once.asked > 20, 60_000);
    const rules = holdsMs.flatMap((forMs) =>
      [isWrite, isAnswer].map((at) =>
        proxy.rule({ at, chance: 0.02, does: { kind: 'hold', what: 'connection', forMs } }),
      ),
    );
    const untilMs = performance.now() + seconds * 1000;
    await until(
      'it was held often enough',
      () => performance.now() > untilMs && rules.every(({ hits }) => hits > 1),
      seconds * 1000 + 120_000,
    );
    const hits = rules.map((rule) => rule.hits);
    for (const rule of rules) rule.release();
    await Promise.all([load.stop(), once.stop()]);
    t.diagnostic(`held ${hits.join(', ')} times; ${load.client.acknowledged} acknowledged requests; ${once.said}`);
    // What was called in vain all the time is called again when as much time has passed once more.
    const limitMs = 60_000 + performance.now() - startedMs;
    assert.deepEqual((await settleAndAudit(load, participant, limitMs)).slice(0, 20), []);
    assert.deepEqual((await once.wrongAt(free)).slice(0, 20), []);
    assert.ok(once.count(503) > 0 || once.count(200) > 0, once.said);
  } catch (error) {
    for (const { coordinator } of nodes) t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    for (const node of nodes) await node.stop();
    await Promise.all([load.abandon(), once.stop()]);
    http.close();
    await participant.stop();
    await proxy.stop();
  }
}

/** Of a write or a claim: the call of a procedure with its parameters, or the end of it. */
const isWrite = ({ direction, kind }: Message) => direction === 'to-server' && ['B', 'E', 'execute'].includes(kind);
const isAnswer = ({ direction, kind }: Message) =>
  direction === 'to-client' && ['C', 'D', 'ok', 'packet'].includes(kind);
