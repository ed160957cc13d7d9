import type { MariaDbPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from './mariadb.ts';
import type { PrivateServer } from './private-server.ts';

const database = 'kept';

/** A MariaDB and its replica, which is asynchronous, and which the test promotes. */
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

  /** Both, the primary first. */
  get url(): string {
    return `mysql://root@127.0.0.1:${this.primary.port},127.0.0.1:${this.replica.port}/${database}`;
  }

  /** What an operator or a failover manager does when the primary is gone. */
  async promote(): Promise<void> {
    await this.replica.sql('stop slave; reset slave all; set global read_only = 0');
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
