import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { until } from '../until.ts';
import type { FakeClock } from './fake-clock.ts';
import { kindOf, startPostgres } from './postgres.ts';
import { PrivateServer } from './private-server.ts';

export interface PairOptions {
  /** Of the replica. */
  readonly clock?: FakeClock;
}

/** A PostgreSQL and its synchronous replica, which the test promotes. */
export class PostgresPair {
  readonly primary: PrivateServer;
  readonly replica: PrivateServer;

  private constructor(primary: PrivateServer, replica: PrivateServer) {
    this.primary = primary;
    this.replica = replica;
  }

  static async start(programs: PostgresPrograms, options: PairOptions = {}): Promise<PostgresPair> {
    const primary = await startPostgres(programs, { syncs: true });
    try {
      const replica = await PrivateServer.start(kindOf(programs, { ...options, syncs: true }, primary));
      const pair = new PostgresPair(primary, replica);
      await pair.#waitForReplica();
      return pair;
    } catch (error) {
      await primary.stop();
      throw error;
    }
  }

  /** Both, the primary first. */
  get url(): string {
    return `postgres://root@127.0.0.1:${this.primary.port},127.0.0.1:${this.replica.port}/postgres`;
  }

  /** What an operator or a failover manager does when the primary is gone. */
  async promote(): Promise<void> {
    await this.replica.sql('select pg_promote()');
  }

  /** The old primary comes back with its data, takes writes, and waits for no replica any more. */
  async comeBackAlone(): Promise<void> {
    await writeFile(join(this.primary.folder, 'data', 'postgresql.auto.conf'), '');
    await this.primary.restart();
  }

  /** From now on each commit on the primary waits for a replica, whether there is one or not. A server heeds a setting some time after it was told. */
  async waitForReplicas(): Promise<void> {
    await this.primary.sql("alter system set synchronous_standby_names = '*'");
    await this.primary.sql('select pg_reload_conf()');
    await until('a commit waits for a replica', () => this.#commitWaits());
  }

  async #commitWaits(): Promise<boolean> {
    let isDone = false;
    const committed = this.primary.sql("select pg_logical_emit_message(true, 'waits', '')").then(() => {
      isDone = true;
    });
    while (!isDone) {
      const cancelled = await this.primary.sql(
        `select pg_cancel_backend(pid) from pg_stat_activity
         where wait_event = 'SyncRep' and query like '%pg_logical_emit_message%' and pid <> pg_backend_pid()`,
      );
      if (cancelled.length === 0) continue;
      await committed;
      return true;
    }
    return false;
  }

  async stop(): Promise<void> {
    await this.replica.stop();
    await this.primary.stop();
  }

  /** From now on a commit waits for the replica. */
  async #waitForReplica(): Promise<void> {
    await this.primary.sql("alter system set synchronous_standby_names = '*'");
    await this.primary.sql('select pg_reload_conf()');
    await until('the replica is synchronous', async () => {
      const [[state] = []] = await this.primary.sql('select sync_state from pg_stat_replication');
      return state === 'sync';
    });
  }
}
