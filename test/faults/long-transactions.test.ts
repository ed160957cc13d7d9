/** Whatever is submitted, and however much of it at once, the event loop stands still for no more than a tenth of a second. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { type Answer, HttpCaller } from '../lib/http.ts';
import { until } from '../lib/until.ts';

const mostMs = 100;
/** What `parseMs` gives where nothing else runs on the machine for which that bound was written. */
const usualParseMs = 25;
/** A collection of garbage may fall into any turn: the best of so many attempts counts. */
const attempts = 3;

const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

/** CPU time that it takes here to parse 50,000 members: caches that are shared with other programs make it more. */
function parseMs(): number {
  const text = JSON.stringify(members(50_000));
  const measured = Array.from({ length: 5 }, () => {
    const before = process.threadCpuUsage();
    JSON.parse(text);
    const { user, system } = process.threadCpuUsage();
    return (user + system - before.user - before.system) / 1000;
  });
  return measured.sort((one, other) => one - other)[2] ?? 0;
}

/** Each of the last steps waits for `each` of the first ones. */
function orders(steps: number, edges: number, each: number): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  let left = edges;
  for (let step = steps - 1; step > 0 && left > 0; step -= 1) {
    const count = Math.min(step, each, left);
    lists[step] = Array.from({ length: count }, (_, index) => index);
    left -= count;
  }
  return lists;
}

class World {
  readonly #coordinator: Coordinator;
  readonly http: HttpCaller;
  readonly serviceUrl: string;
  /** Unique to an attempt. */
  readonly name: string;

  constructor(coordinator: Coordinator, http: HttpCaller, serviceUrl: string, name: string) {
    this.#coordinator = coordinator;
    this.http = http;
    this.serviceUrl = serviceUrl;
    this.name = name;
  }

  /** In CPU time, since it was asked last. */
  async longestTurnMs(): Promise<number> {
    const from = this.#coordinator.logs.length;
    const found = () => /longest turn: ([\d.]+) ms\n/.exec(this.#coordinator.logs.slice(from))?.[1];
    process.kill(this.#coordinator.pid, 'SIGUSR2');
    await until('it says what its longest turn was', () => found() !== undefined);
    return Number(found());
  }

  submit(index: number, steps: number, more: object, url = this.serviceUrl): Promise<Answer> {
    return this.http.post('/api/dtmsvr/submit', this.saga(index, steps, more, url));
  }

  saga(index: number, steps: number, more: object, url = this.serviceUrl) {
    return {
      gid: `${this.name}-${index}`,
      trans_type: 'saga',
      steps: Array.from({ length: steps }, () => ({ action: url, compensate: url })),
      payloads: Array.from({ length: steps }, () => ''),
      ...more,
    };
  }
}

/** Four at once. */
async function four(ask: (index: number) => Promise<Answer>, status: number): Promise<void> {
  const answers = await Promise.all([1, 2, 3, 4].map(ask));
  for (const answer of answers) assert.equal(answer.status, status, answer.text.slice(0, 200));
}

async function start(t: TestContext) {
  const service = createServer((asked, response) => {
    asked.resume();
    response.end('{}');
  }).listen(0, '127.0.0.1');
  t.after(() => service.close().closeAllConnections());
  await until('the service listens', () => service.listening);
  const preload = `--import ${join(import.meta.dirname, '..', 'lib', 'longest-turn.ts')}`;
  const coordinator = await startCoordinator({ settings: { NODE_OPTIONS: preload } });
  t.after(() => coordinator.stop());
  const http = new HttpCaller(coordinator.url);
  t.after(() => http.close());
  const serviceUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
  return (name: string) => new World(coordinator, http, serviceUrl, name);
}

const concurrent = (more: object = {}) => ({ custom_data: JSON.stringify({ concurrent: true, ...more }) });

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'four sagas of 9000 steps with 89,000 edges, each a call': async (world) => {
    const more = concurrent({ orders: orders(9000, 89_000, 10) });
    await four((index) => world.submit(index, 9000, more), 200);
    await four((index) => world.http.get(`/api/v1/transactions/${world.name}-${index}`), 200);
  },
  'four sagas of 9000 steps with 89,000 edges, and nothing to call': async (world) => {
    const more = { ...concurrent({ orders: orders(9000, 89_000, 10) }), wait_result: true };
    await four((index) => world.submit(index, 9000, more, ''), 200);
  },
  'four sagas of 10,000 steps, of which nine wait for all others': async (world) => {
    const more = { ...concurrent({ orders: orders(10_000, 90_000, 9999) }), wait_result: true };
    await four((index) => world.submit(index, 10_000, more, ''), 200);
    await four((index) => world.http.get(`/api/dtmsvr/query?gid=${world.name}-${index}`), 200);
  },
  'JSON-RPC with 49,000 fields that mean nothing': async (world) => {
    const params = (index: number) => ({ ...world.saga(index, 1, {}), x: members(49_000) });
    const request = (index: number) => ({ jsonrpc: '2.0', id: '1', method: 'submit', params: params(index) });
    await four((index) => world.http.post('/api/json-rpc', request(index)), 200);
  },
  'custom_data of 11,000 members, one of four megabytes, and one of more members than are allowed': async (world) => {
    await four((index) => world.submit(index, 1, { custom_data: JSON.stringify({ a: members(10_999) }) }), 200);
    const long = (index: number) => world.submit(index + 4, 1, { custom_data: JSON.stringify({ a: 'x'.repeat(4e6) }) });
    await four(long, 200);
    await four((index) => world.submit(index + 8, 1, { custom_data: JSON.stringify({ a: members(65_000) }) }), 400);
    const page = await world.http.get('/api/dtmsvr/all?limit=4');
    assert.equal(page.status, 200);
  },
};

test(`no turn of the event loop takes ${mostMs} ms of CPU time`, async (t) => {
  const begin = await start(t);
  const boundMs = mostMs * Math.max(1, parseMs() / usualParseMs);
  for (const [name, run] of Object.entries(cases)) {
    await t.test(name, async (found) => {
      const turns: number[] = [];
      while (turns.length < attempts && !turns.some((turnMs) => turnMs < boundMs)) {
        const world = begin(`t${Object.keys(cases).indexOf(name)}-${turns.length}`);
        await world.longestTurnMs();
        await run(world);
        turns.push(await world.longestTurnMs());
      }
      const text = `longest turns ${turns.join(', ')} ms, may be ${boundMs.toFixed(1)} ms`;
      found.diagnostic(text);
      assert.ok(Math.min(...turns) < boundMs, text);
    });
  }
});
