/** Coordinators that share a PostgreSQL: one takes over from another, and a row that somebody locks stops nobody else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { until } from '../lib/until.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

/** A service that never answers the first call of some paths, and all others at once. It knows when each came. */
class Service {
  readonly #server = createServer(({ url = '' }, response) => {
    const path = url.replace(/\?.*/, '');
    const calls = this.#arrivedMs.get(path) ?? [];
    calls.push(performance.now());
    this.#arrivedMs.set(path, calls);
    if (calls.length > 1 || !this.hanging.has(path)) response.end('{"dtm_result":"SUCCESS"}');
  });
  readonly #arrivedMs = new Map<string, number[]>();
  readonly hanging = new Set<string>();

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? '' : `http://127.0.0.1:${address.port}`;
  }

  arrivedMs(path: string): readonly number[] {
    return this.#arrivedMs.get(path) ?? [];
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('two coordinators on one PostgreSQL', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: PostgresFixture;
  let service: Service;
  const coordinators: Coordinator[] = [];
  const callers: HttpCaller[] = [];
  before(async () => {
    if ('missing' in programs) return;
    fixture = await PostgresFixture.start(programs.found);
    service = new Service();
    await service.start();
    const settings = { HOLDFAST_STORE_URL: fixture.url, HOLDFAST_REQUEST_TIMEOUT_MS: '60000' };
    coordinators.push(...(await Promise.all([startCoordinator({ settings }), startCoordinator({ settings })])));
    callers.push(...coordinators.map(({ url }) => new HttpCaller(url)));
  });
  after(async () => {
    for (const caller of callers) caller.close();
    for (const coordinator of coordinators) await coordinator.stop();
    service.stop();
    await fixture.stop();
  });

  const saga = (gid: string, more: object = {}) => ({
    gid,
    trans_type: 'saga',
    steps: [{ action: `${service.url}/${gid}/out`, compensate: `${service.url}/${gid}/out-back` }],
    payloads: ['{"amount":1}'],
    ...more,
  });
  const submit = (caller: HttpCaller | undefined, body: object) => caller?.post('/api/dtmsvr/submit', body);
  const statusOf = async (caller: HttpCaller | undefined, gid: string) => {
    const answer = await caller?.get(`/api/dtmsvr/query?gid=${gid}`);
    return JSON.parse(answer?.text ?? '{}').transaction?.status;
  };

  it('a row that psql has locked keeps only its own transaction waiting: a thousand others go on', async () => {
    const [one] = callers;
    const prepared = await one?.post('/api/dtmsvr/prepare', { gid: 'locked', trans_type: 'tcc' });
    assert.equal(prepared?.status, 200);
    const holder = new pg.Client(fixture.url);
    await holder.connect();
    await holder.query("begin; select 1 from holdfast.transactions where gid = 'locked' for update");
    const refused = submit(one, { gid: 'locked', trans_type: 'tcc' });
    const gids = Array.from({ length: 1000 }, (_, index) => `free-${index}`);
    const next = gids[Symbol.iterator]();
    const work = async () => {
      for (const gid of next) assert.equal((await submit(one, saga(gid, { wait_result: true })))?.status, 200, gid);
    };
    await Promise.all(Array.from({ length: 50 }, work));
    const answer = await refused;
    assert.equal(answer?.status, 503, 'who waits for the locked one is told');
    assert.ok(answer.retryAfter !== undefined);
    await until('the log says which one', () =>
      (coordinators[0]?.logs ?? '').includes('transaction locked cannot be written, and is tried again: others go on'),
    );
    await holder.end();
    await until(
      'it is served again',
      async () => (await submit(one, { gid: 'locked', trans_type: 'tcc' }))?.status === 200,
    );
  });

  it('one is killed by -9: the other calls again what it had called', async (t) => {
    const [one, other] = callers;
    const gids = Array.from({ length: 20 }, (_, index) => `left-${index}`);
    for (const gid of gids) service.hanging.add(`/${gid}/out`);
    for (const gid of gids) assert.equal((await submit(one, saga(gid)))?.status, 200);
    const calls = (gid: string) => service.arrivedMs(`/${gid}/out`);
    await until('all are called', () => gids.every((gid) => calls(gid).length === 1));
    const killedMs = performance.now();
    await coordinators[0]?.kill();
    await until('all are called again', () => gids.every((gid) => calls(gid).length === 2));
    const delays = gids.map((gid) => (calls(gid)[1] ?? 0) - killedMs).sort((a, b) => a - b);
    t.diagnostic(
      `called again after ${Math.round(delays[10] ?? 0)} ms (median), ${Math.round(delays[19] ?? 0)} ms (most)`,
    );
    await until('all have ended', async () => {
      const statuses = await Promise.all(gids.map((gid) => statusOf(other, gid)));
      return statuses.every((status) => status === 'succeed');
    });
  });
});
