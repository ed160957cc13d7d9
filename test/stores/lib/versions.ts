import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { type Coordinator, startCoordinator } from '../../lib/coordinator.ts';
import { HttpCaller } from '../../lib/http.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import type { StoreKind } from './kinds.ts';

const nextScript = join(import.meta.dirname, '../../lib/next-version.ts');
const clients = 12;

/** Coordinators, each of this version of Holdfast or of the next one. */
class Fleet {
  readonly random: Random;
  /** Those that clients are sent to. */
  readonly #members = new Map<number, Coordinator>();
  readonly #all: Coordinator[] = [];
  readonly #url: string;

  constructor(url: string, random: Random) {
    this.#url = url;
    this.random = random;
  }

  /** For each request another one. */
  readonly somewhere = (): string => {
    const urls = [...this.#members.values()].map(({ url }) => url);
    return urls[this.random.whole(0, urls.length - 1)] ?? '';
  };

  urlOf(place: number): string {
    return this.#members.get(place)?.url ?? '';
  }

  get logs(): string {
    return this.#all.map(({ logs }) => logs).join('\n');
  }

  async start(place: number, isNext: boolean): Promise<void> {
    const settings = {
      HOLDFAST_STORE_URL: this.#url,
      HOLDFAST_NODE_NAME: `${isNext ? 'next' : 'early'}-${place}`,
      HOLDFAST_SHUTDOWN_DRAIN_MS: '0',
    };
    const coordinator = await startCoordinator({ settings, ...(isNext && { script: nextScript }) });
    this.#all.push(coordinator);
    this.#members.set(place, coordinator);
  }

  /** Another version in its place. Clients meet the one that is gone until there is another one. */
  async replace(place: number, isNext: boolean, signal: NodeJS.Signals): Promise<void> {
    const before = this.#members.get(place);
    await before?.kill(signal);
    this.#members.delete(place);
    await this.start(place, isNext);
  }

  /** Clients are sent to the others. */
  leaveOut(place: number): void {
    this.#members.delete(place);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((coordinator) => coordinator.stop()));
  }
}

/**
 * Coordinators under load that are replaced by the next version one by one, and then one of them by the version before.
 * @param needyGids of the transactions that need what only the next version can read
 */
export function testVersions(
  kind: StoreKind,
  count: number,
  needyGids: (fixture: DatabaseFixture) => Promise<readonly string[]>,
): void {
  const options = { skip: kind.missing ?? false, timeout: 300_000 };
  it(
    `on ${kind.name}: ${count} coordinators are upgraded one by one under load, then one is put back`,
    options,
    async (t) => {
      const seed = seedOfRun();
      t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
      const fixture = await kind.start();
      const random = new Random(seed);
      const fleet = new Fleet(fixture.url, random);
      const participant = new Participant();
      await participant.start();
      const http = new HttpCaller(fleet.somewhere);
      const load = new Load({ http, participant, random, clients, gidPrefix: `v${seed}-` });
      const goesOn = async (requests: number) => {
        const before = load.client.acknowledged;
        await until('requests are acknowledged', () => load.client.acknowledged >= before + requests, 60_000);
      };
      try {
        const places = Array.from({ length: count }, (_, place) => place);
        const last = count - 1;
        for (const place of places) await fleet.start(place, false);
        load.start();
        load.gate.open();
        await goesOn(60);
        for (const place of places) {
          assert.deepEqual(
            await needyGids(fixture),
            [],
            'while an earlier one runs, nothing is written that it could not read',
          );
          await fleet.replace(place, true, place === 1 ? 'SIGKILL' : 'SIGTERM');
          await goesOn(40);
        }
        await until('what only they can read is written', async () => (await needyGids(fixture)).length > 20);
        await fleet.replace(last, false, 'SIGTERM');
        const [needy = ''] = await needyGids(fixture);
        await leavesToOthers(fleet.urlOf(last), needy);
        await goesOn(40);
        // What it left is for the next version alone, in part.
        await fleet.replace(0, true, 'SIGKILL');
        await goesOn(60);
        await load.stop();
        // It answers for what it can read.
        fleet.leaveOut(last);
        const wrong = await settleAndAudit(load, participant, 60_000);
        t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
        assert.deepEqual(wrong.slice(0, 20), []);
        const bad = /Warning:|[Uu]nhandled|internal error|unreadable|cannot be read/;
        assert.deepEqual(
          fleet.logs.split('\n').filter((line) => bad.test(line)),
          [],
        );
        assert.deepEqual(await fixture.leftovers(), { unfinished: 0, owners: 0 });
      } catch (error) {
        t.diagnostic(fleet.logs.slice(-8000));
        throw error;
      } finally {
        await fleet.stop();
        await load.abandon();
        http.close();
        await participant.stop();
        await fixture.stop();
      }
    },
  );
}

/** Asked for what it cannot read, a coordinator says who can; a client that asks again may find that one. */
async function leavesToOthers(url: string, gid: string): Promise<void> {
  const http = new HttpCaller(url);
  try {
    const { status, text, retryAfter } = await http.get(`/api/v1/transactions/${gid}`);
    assert.deepEqual([status, retryAfter], [503, '1']);
    assert.match(text, /cannot be served here: it was written by a newer Holdfast .*holdfast nodes/);
    const page = await http.get(`/api/v1/transactions?gidPrefix=${gid}`);
    assert.equal(page.status, 200);
    assert.match(page.text, /"incident":"it was written by a newer Holdfast /);
  } finally {
    http.close();
  }
}
