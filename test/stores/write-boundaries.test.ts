/**
 * A coordinator dies by kill -9 right before one of its writes reaches the database, or right after it was committed and
 * before its answer comes: at the first write of some transactions, at the second, and so on. Clients go on at another
 * coordinator, which takes over; the ledgers of the services say that each transaction happened once, or not at all.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audit, type Queried } from '../lib/auditor.ts';
import { Client, type Note } from '../lib/client.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { Participant } from '../lib/participant.ts';
import type { Message } from '../lib/proxy/messages.ts';
import { NetworkProxy } from '../lib/proxy/network-proxy.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { randomScenario } from '../lib/scenario.ts';
import { newPlace, type SharedKind, type StorePlace, serverOf } from '../lib/test-store.ts';
import { until } from '../lib/until.ts';

/** Up to which write; each before and after its commit. */
const boundaries = process.env['HOLDFAST_LONG'] === undefined ? 3 : 10;
const transactions = 6;
const sides = ['before', 'after'] as const;

/** Only writes carry the token of a write: the id of an incarnation and a number. */
const token = /[2-9A-HJ-NP-Za-km-z]{22}:[0-9a-z]/;

/** One coordinator that dies, with the clients that had chosen it. */
class Trial {
  readonly name: string;
  readonly notes: Note[] = [];
  readonly client: Client;
  readonly http: HttpCaller;
  isKilled = false;
  readonly #proxy: NetworkProxy;
  readonly #coordinator: Coordinator;
  readonly #prefix: string;
  readonly #random: Random;
  readonly #met: Promise<void>;
  #url: string;

  constructor(parts: {
    readonly nth: number;
    readonly side: (typeof sides)[number];
    readonly proxy: NetworkProxy;
    readonly coordinator: Coordinator;
    readonly participant: Participant;
    readonly random: Random;
  }) {
    const { nth, side, proxy, coordinator, participant, random } = parts;
    this.name = `${side} the commit of write ${nth}`;
    this.#prefix = `${side}-${nth}-`;
    this.#proxy = proxy;
    this.#coordinator = coordinator;
    this.#random = random;
    this.#url = coordinator.url;
    this.http = new HttpCaller(() => this.#url);
    this.client = new Client(this.http, participant, random, async () => undefined);
    let writes = 0;
    let written = 0;
    const at = (message: Message, connection: number) => {
      if (message.direction === 'to-client') return side === 'after' && connection === written;
      if (!this.#isOwnWrite(message)) return false;
      writes += 1;
      if (writes === nth) written = connection;
      return side === 'before' && writes === nth;
    };
    this.#met = proxy.rule({ at, nth: 1, does: { kind: 'drop', what: 'connection' } }).met;
  }

  owns(gid: string): boolean {
    return gid.startsWith(this.#prefix);
  }

  /** @param elsewhere where its clients go on */
  async run(elsewhere: string): Promise<void> {
    const asked = Array.from({ length: transactions }, (_, index) =>
      this.client.run(randomScenario(this.#random, `${this.#prefix}${index}`)),
    );
    const all = Promise.all(asked);
    const killed = this.#met.then(async () => {
      this.isKilled = true;
      this.#url = elsewhere;
      await this.#coordinator.kill();
      await this.#proxy.stop();
    });
    await Promise.race([killed, all]);
    this.notes.push(...(await all));
  }

  async stop(): Promise<void> {
    this.http.close();
    await this.#coordinator.stop();
    if (!this.isKilled) await this.#proxy.stop();
  }

  #isOwnWrite({ bytes }: Message): boolean {
    const text = bytes.toString('latin1');
    return text.includes(this.#prefix) && token.test(text);
  }
}

for (const [kind, name] of [
  ['postgres', 'PostgreSQL'],
  ['mysql', 'MariaDB'],
] as const) {
  const programs = serverOf(kind);
  describe(`coordinators on ${name}`, { skip: 'missing' in programs && programs.missing }, () => {
    it(`kill -9 before and after each of the first ${boundaries} writes: what was acknowledged ends as it must`, async (t) => {
      const seed = seedOfRun();
      t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
      await dieAtEach(kind, new Random(seed), (line) => t.diagnostic(line));
    });
  });
}

async function dieAtEach(kind: SharedKind, random: Random, tell: (line: string) => void): Promise<void> {
  const place = await newPlace(kind);
  const participant = new Participant();
  await participant.start();
  const survivors: Coordinator[] = [];
  const trials: Trial[] = [];
  try {
    for (let node = 0; node < 2; node += 1) survivors.push(await startCoordinator({ settings: place.settings }));
    for (const side of sides) {
      for (let nth = 1; nth <= boundaries; nth += 1) {
        const { proxy, settings } = await behindProxy(kind, place);
        const coordinator = await startCoordinator({ settings });
        trials.push(
          new Trial({ nth, side, proxy, coordinator, participant, random: new Random(random.whole(1, 1e9)) }),
        );
      }
    }
    participant.onCallback = (gid) =>
      trials.find((trial) => trial.owns(gid))?.client.callback(gid) ?? Promise.resolve(404);
    await Promise.all(trials.map((trial, index) => trial.run(survivors[index % survivors.length]?.url ?? '')));
    const wrong: string[] = [];
    for (const trial of trials) {
      const ended = await untilEnded(survivors[0]?.url ?? '', trial.notes);
      for (const [index, note] of trial.notes.entries()) {
        const { kind: pattern, gid } = note.scenario;
        const queried = ended[index] ?? { transaction: null, branches: [] };
        wrong.push(
          ...audit(note, participant.ledger, queried).map((text) => `${trial.name}: ${pattern} ${gid}: ${text}`),
        );
      }
      wrong.push(...trial.client.defects.map((text) => `${trial.name}: ${text}`));
    }
    const { balance, pending } = participant.ledger;
    const killed = trials.filter(({ isKilled }) => isKilled).length;
    tell(`${killed} coordinators were killed at a write, under ${trials.length * transactions} transactions`);
    assert.deepEqual([...wrong, ...participant.defects].slice(0, 20), []);
    assert.deepEqual({ balance, pending }, { balance: 0, pending: 0 });
    assert.ok(killed > trials.length / 2, 'most of them came to their write');
  } finally {
    await Promise.all([...trials, ...survivors].map((one) => one.stop()));
    await participant.stop();
    await place.leave();
  }
}

async function behindProxy(
  kind: SharedKind,
  { settings }: StorePlace,
): Promise<{ proxy: NetworkProxy; settings: Record<string, string> }> {
  const url = new URL(settings['HOLDFAST_STORE_URL'] ?? '');
  const proxy = await NetworkProxy.start({ protocol: kind, port: Number(url.port) });
  url.port = String(proxy.port);
  return { proxy, settings: { ...settings, HOLDFAST_STORE_URL: url.href } };
}

async function untilEnded(url: string, notes: readonly Note[]): Promise<Queried[]> {
  const http = new HttpCaller(url);
  const ended: Queried[] = [];
  try {
    for (const { scenario } of notes) {
      await until(
        `${scenario.kind} ${scenario.gid} has ended`,
        async () => {
          const { status, text } = await http.get(`/api/dtmsvr/query?gid=${scenario.gid}`);
          if (status !== 200) return false;
          const queried: Queried = JSON.parse(text);
          const now = queried.transaction?.status;
          if (now !== undefined && now !== 'succeed' && now !== 'failed') return false;
          ended.push(queried);
          return true;
        },
        60_000,
      );
    }
    return ended;
  } finally {
    http.close();
  }
}
