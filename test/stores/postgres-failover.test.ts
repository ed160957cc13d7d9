/** A PostgreSQL and its synchronous replica: stores follow to the promoted one, and never go back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { aBeat, create } from '../../packages/server/src/store/contract/fixtures.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { StoreError } from '../../packages/server/src/store/store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { PostgresPair } from '../lib/servers/postgres-pair.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { until } from '../lib/until.ts';

const programs = postgres();

/** A coordinator, as far as its store sees it: it says that it lives, and writes. */
class Writer {
  readonly store: PostgresStore;
  readonly told: string[] = [];
  readonly #name: string;
  #written = 0;

  constructor(name: string, url: string) {
    this.#name = name;
    const limits = { connections: 4, connectMs: 1000, commitMs: 1000, readMs: 5000 };
    this.store = new PostgresStore({ url, schema: 'holdfast', version: '0.0.1', ...limits, tls: () => undefined });
    this.store.watchHosts({
      warned: (message) => this.told.push(message),
      split: (incident) => this.told.push(incident ?? 'whole again'),
    });
  }

  get incident(): string {
    return this.told.filter((text) => /split|whole/.test(text)).at(-1) ?? '';
  }

  async open(): Promise<this> {
    await this.store.open();
    await this.store.heartbeat(aBeat(this.#name));
    return this;
  }

  /** From now on, as often as coordinators do. */
  beat(): void {
    let isOver = false;
    const beating = (async () => {
      while (!isOver) {
        await this.store.heartbeat(aBeat(this.#name)).catch(asStoreError);
        // The pace of heartbeats.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })();
    this.stopBeating = async () => {
      isOver = true;
      await beating;
    };
  }

  stopBeating: () => Promise<void> = async () => undefined;

  /** As the journal does it: the same again until it is known. @returns its gid */
  async write(): Promise<string> {
    this.#written += 1;
    const gid = `${this.#name}-${this.#written}`;
    const one = create(gid);
    await until('it is written', () =>
      this.store.commit([one]).then(
        ([result]) => {
          assert.equal(result, 'done');
          return true;
        },
        (error: unknown) => {
          asStoreError(error);
          return false;
        },
      ),
    );
    return gid;
  }

  async close(): Promise<void> {
    await this.stopBeating();
    await this.store.close();
  }
}

function asStoreError(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}

const gidsOn = async (server: PrivateServer) =>
  (await server.sql('select gid from holdfast.transactions')).map(([gid]) => gid);

describe('a PostgreSQL and its synchronous replica', { skip: 'missing' in programs && programs.missing }, () => {
  let pair: PostgresPair;
  const writers: Writer[] = [];
  beforeEach(async () => {
    if ('missing' in programs) return;
    pair = await PostgresPair.start(programs.found);
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
    await pair.stop();
  });
  const start = async (name: string) => {
    const writer = new Writer(name, pair.url);
    writers.push(writer);
    return writer.open();
  };

  it('the old primary comes back and takes writes: nobody writes there, who was there, who starts, and while the new one is away', async () => {
    const one = await start('one');
    const before = await one.write();
    await pair.primary.kill();
    await pair.promote();
    const after = await one.write();
    await pair.comeBackAlone();
    const other = await start('other');
    const gids = [await one.write(), await other.write()];
    await until('both know of the old one', () => writers.every(({ incident }) => /is split/.test(incident)), 15_000);
    assert.match(one.incident, /another one takes writes too: .*its data are older \(term 1\)/);
    await pair.replica.kill();
    const refused = await Promise.all(
      writers.map((writer) =>
        until('it is refused', () =>
          writer.store.commit([create('refused')]).then(
            () => true,
            (error: unknown) =>
              error instanceof StoreError && /its data are older.*(ECONNREFUSED|connection)/.test(error.message),
          ),
        ),
      ),
    );
    assert.equal(refused.length, 2);
    await pair.replica.restart();
    gids.push(await one.write(), await other.write());
    assert.deepEqual(await gidsOn(pair.primary), [before]);
    assert.deepEqual((await gidsOn(pair.replica)).sort(), [before, after, ...gids].sort());
    await pair.primary.end();
    await until('it is over', () => writers.every(({ incident }) => incident === 'whole again'), 15_000);
  });

  it('a replica is promoted beside a primary that is in use: it is refused; it is used once the primary acknowledges nothing', async () => {
    const one = await start('one');
    one.beat();
    const before = await one.write();
    // It would wait for the replica.
    await pair.primary.sql("alter system set synchronous_standby_names = ''");
    await pair.primary.sql('select pg_reload_conf()');
    await pair.promote();
    await until('the second one is noticed', () => /is split/.test(one.incident), 15_000);
    const other = await start('other');
    other.beat();
    assert.match(
      other.incident,
      new RegExp(`127.0.0.1:${pair.primary.port} is used, and another one takes writes too`),
    );
    const gids = [await one.write(), await other.write()];
    assert.deepEqual((await gidsOn(pair.primary)).sort(), [before, ...gids].sort());
    assert.deepEqual(await gidsOn(pair.replica), [before]);
    // Now the primary waits for a replica that it does not have.
    await pair.primary.sql("alter system set synchronous_standby_names = '*'");
    await pair.primary.sql('select pg_reload_conf()');
    const last = await one.write();
    assert.deepEqual((await gidsOn(pair.replica)).sort(), [before, last].sort());
    assert.match(one.told.join(), /lacks the last \d+ heartbeats that were acknowledged to this coordinator/);
  });
});
