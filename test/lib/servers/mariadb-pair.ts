import type { MariaDbPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { until } from '../until.ts';
import { startMariaDb } from './mariadb.ts';
import type { PrivateServer } from './private-server.ts';

const database = 'kept';

/** A MariaDB and its replica, which is asynchronous unless it is told otherwise, and which the test promotes. */
export class MariaDbPair {
  readonly primary: PrivateServer;
  readonly replica: PrivateServer;

  private constructor(primary: PrivateServer, replica: PrivateServer) {
    this.primary = primary;
    this.replica = replica;
  }

  /** @param settings of both */
  static async start(
    programs: MariaDbPrograms,
    settings: Readonly<Record<string, string | number>>,
  ): Promise<MariaDbPair> {
    const own = (id: number) => ({
      settings: { ...settings, 'server-id': id, 'log-bin': 'binlog', 'sync-binlog': 1, 'binlog-format': 'ROW' },
    });
    const primary = await startMariaDb(programs, own(1));
    try {
      const pair = new MariaDbPair(primary, await startMariaDb(programs, own(2)));
      await pair.replica.sql(
        `set global read_only = 1;
         change master to master_host = '127.0.0.1', master_port = ${primary.port}, master_user = 'root',
           master_use_gtid = slave_pos;
         start slave`,
      );
      await primary.sql(`create database ${database}`);
      return pair;
    } catch (error) {
      await primary.stop();
      throw error;
    }
  }

  /** Whatever the primary acknowledges the replica has. @param settings of both */
  static async startSemiSync(
    programs: MariaDbPrograms,
    settings: Readonly<Record<string, string | number>>,
  ): Promise<MariaDbPair> {
    const pair = await MariaDbPair.start(programs, settings);
    try {
      await pair.#waitForReplica();
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  /** Both, the primary first. */
  get url(): string {
    return `mysql://root@127.0.0.1:${this.primary.port},127.0.0.1:${this.replica.port}/${database}`;
  }

  /**
   * From now on a commit on the primary is seen and acknowledged once the replica has it, and waits for as long as there is none. A
   * server that is started again has forgotten it.
   */
  async #waitForReplica(): Promise<void> {
    await this.replica.sql('set global rpl_semi_sync_slave_enabled = 1; stop slave; start slave');
    await this.primary.sql(
      `set global rpl_semi_sync_master_wait_point = AFTER_SYNC;
       set global rpl_semi_sync_master_wait_no_slave = 1;
       set global rpl_semi_sync_master_timeout = 3600000;
       set global rpl_semi_sync_master_enabled = 1`,
    );
    await until('the replica is semi-synchronous', async () => {
      const shown = await this.primary.sql("show global status like 'Rpl_semi_sync_master_%'");
      const status = new Map(shown.map(([name, value]) => [name, value]));
      return status.get('Rpl_semi_sync_master_status') === 'ON' && status.get('Rpl_semi_sync_master_clients') === '1';
    });
  }

  /** What an operator or a failover manager does when the primary is gone. */
  async promote(): Promise<void> {
    await this.replica.sql('stop slave io_thread');
    await until('the replica has applied all that it received', () => this.#hasApplied());
    await this.replica.sql('stop slave; reset slave all; set global read_only = 0');
  }

  /** What it has received is acknowledged by the primary, and thrown away with the relay log where it is not applied yet. */
  async #hasApplied(): Promise<boolean> {
    const [status = []] = await this.replica.sql('show slave status');
    const { read, applied } = { read: [status[5], status[6]], applied: [status[9], status[21]] };
    return read.join(' ') === applied.join(' ');
  }

  /** The old primary comes back with its data, and takes writes. */
  async comeBackAlone(): Promise<void> {
    await this.primary.restart();
  }

  async stop(): Promise<void> {
    await this.replica.stop();
    await this.primary.stop();
  }
}
