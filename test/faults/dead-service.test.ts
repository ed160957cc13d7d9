import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { it } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { distribution, percentile } from '../lib/figures.ts';
import { freePort } from '../lib/free-port.ts';
import { HttpCaller } from '../lib/http.ts';
import { behaviourQuery, Participant } from '../lib/participant.ts';
import { until } from '../lib/until.ts';

/** Transactions to each of the two dead services. */
const deadCount = 500;
const healthyClients = 8;
/** So many that one pause of the whole machine, which meets those in flight, is not yet the slowest hundredth. */
const healthyCount = 1000;
const requestTimeoutSeconds = 6;
/** Healthy ones are measured this long beside dead ones: two time-outs and the first back-off are in it. */
const retriesUntilMs = 18_000;

/** A service that takes connections and requests and never answers. */
class HangingService {
  readonly #sockets = new Set<Socket>();
  readonly #server = createTcpServer((socket) => {
    this.#sockets.add(socket);
    // The coordinator hangs up when it has waited long enough; that is no failure of this side.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      this.requests += chunk.toString().split(' HTTP/1.1\r\n').length - 1;
    });
  });
  requests = 0;

  listen(): Promise<number> {
    return listen(this.#server);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function listen(server: Server | ReturnType<typeof createTcpServer>, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

class Trial {
  readonly coordinator: Coordinator;
  readonly http: HttpCaller;
  readonly participant = new Participant();
  #gids = 0;

  constructor(coordinator: Coordinator) {
    this.coordinator = coordinator;
    this.http = new HttpCaller(coordinator.url);
  }

  /** Runs healthy sagas of two steps, waiting for each; how long each took. */
  async healthy(count: number): Promise<number[]> {
    const latenciesMs: number[] = [];
    let left = count;
    const url = `${this.participant.url}/action?${behaviourQuery({ body: '{"amount":1}' })}`;
    const client = async () => {
      while (left > 0) {
        left -= 1;
        const startedMs = performance.now();
        const { status, text } = await this.http.post('/api/dtmsvr/submit', {
          ...this.#saga('healthy', [url, url]),
          wait_result: true,
        });
        assert.equal(status, 200, text);
        latenciesMs.push(performance.now() - startedMs);
      }
    };
    await Promise.all(Array.from({ length: healthyClients }, client));
    return latenciesMs;
  }

  /** Submits without waiting, each to a route of its own: no breaker of a route saves the coordinator. @returns the gids */
  async dead(url: string): Promise<string[]> {
    const gids: string[] = [];
    for (let from = 0; from < deadCount; from += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const saga = this.#saga('dead', [`${url}/${from + index}`]);
          gids.push(saga.gid);
          const { status, text } = await this.http.post('/api/dtmsvr/submit', saga);
          assert.equal(status, 200, text);
        }),
      );
    }
    return gids;
  }

  async statuses(gids: readonly string[]): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (let from = 0; from < gids.length; from += 50) {
      const answers = gids.slice(from, from + 50).map((gid) => this.http.get(`/api/dtmsvr/query?gid=${gid}`));
      for (const { text } of await Promise.all(answers)) {
        const status: string = JSON.parse(text).transaction?.status ?? 'lost';
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    }
    return counts;
  }

  #saga(kind: string, urls: readonly string[]) {
    this.#gids += 1;
    return {
      gid: `${kind}-${this.#gids}`,
      trans_type: 'saga',
      retry_interval: 1,
      request_timeout: requestTimeoutSeconds,
      steps: urls.map((action) => ({ action, compensate: '' })),
      payloads: urls.map(() => '{"amount":1}'),
    };
  }
}

it(`Q9: ${deadCount * 2} transactions to dead services delay no healthy one`, { timeout: 240_000 }, async (t) => {
  const coordinator = await startCoordinator();
  const trial = new Trial(coordinator);
  const { participant } = trial;
  const hanging = new HangingService();
  const revived = createServer((_, response) => response.end('{}'));
  await participant.start();
  try {
    await trial.healthy(50);
    const alone = await trial.healthy(healthyCount);
    t.diagnostic(`alone: ${distribution(alone)}`);

    // The bound. A healthy saga that had to wait for a slot, a worker or a turn behind a hanging call would wait for
    // that call's time-out (6 s), and behind a queue of them for several. A third of one is far from what an idle
    // machine needs (some 10 ms), and generous to one that is busy with much else.
    const boundMs = (requestTimeoutSeconds * 1000) / 3;
    const check = (when: string, latenciesMs: readonly number[]) => {
      const ratio = percentile(latenciesMs, 0.5) / percentile(alone, 0.5);
      t.diagnostic(`${when}: ${distribution(latenciesMs)}; median ${ratio.toFixed(1)} times that of before`);
      const p99 = percentile(latenciesMs, 0.99);
      assert.ok(p99 < boundMs, `${when} the slowest healthy sagas took ${p99.toFixed(0)} ms, more than ${boundMs} ms`);
    };

    const refused = await freePort();
    const hangingUrl = `http://127.0.0.1:${await hanging.listen()}`;
    const submittedMs = performance.now();
    const gids = [...(await trial.dead(hangingUrl)), ...(await trial.dead(`http://127.0.0.1:${refused}`))];
    check('in the first run', await trial.healthy(healthyCount));

    const during: number[] = [];
    while (performance.now() - submittedMs < retriesUntilMs || during.length < healthyCount) {
      during.push(...(await trial.healthy(50)));
    }
    check('in retries', during);
    t.diagnostic(`the hanging service got ${hanging.requests} requests for ${deadCount} transactions`);
    assert.ok(hanging.requests > deadCount, 'there must have been retries');

    await coordinator.restart();
    check('right after a restart with all of them due', await trial.healthy(healthyCount));
    assert.deepEqual(await trial.statuses(gids), new Map([['submitted', gids.length]]));

    // And they are not forgotten: the dead come back, an operator makes what is backed off due, and all end.
    const refusedGids = gids.slice(deadCount);
    await listen(revived, refused);
    await until(
      'those of the revived service have ended',
      async () => {
        await trial.http.get('/api/dtmsvr/resetCronTime?timeout=0&limit=2000');
        return (await trial.statuses(refusedGids)).get('succeed') === refusedGids.length;
      },
      60_000,
    );
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    await coordinator.stop();
    trial.http.close();
    await hanging.stop();
    revived.closeAllConnections();
    await new Promise((resolve) => revived.close(resolve));
    await participant.stop();
  }
});
