import { type MySqlSettings, MySqlStore } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import type { GaleraPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { GaleraCluster } from '../../lib/servers/galera.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import { mySqlSettings } from './mysql-fixture.ts';

const database = 'kept';

/** A Galera cluster with an empty database, and stores on its members. */
export class GaleraFixture {
  readonly cluster: GaleraCluster;

  private constructor(cluster: GaleraCluster) {
    this.cluster = cluster;
  }

  static async start(programs: GaleraPrograms, suspectSeconds: number): Promise<GaleraFixture> {
    const cluster = await GaleraCluster.start(programs, 3, { settings: mySqlSettings, suspectSeconds });
    const fixture = new GaleraFixture(cluster);
    await fixture.member(0).sql(`create database ${database}`);
    return fixture;
  }

  get size(): number {
    return this.cluster.nodes.length;
  }

  member(index: number): PrivateServer {
    const node = this.cluster.nodes[index % this.size];
    if (node === undefined) throw new Error('the cluster has no members');
    return node;
  }

  /** All members, this one first. */
  url(first: number): string {
    const hosts = this.cluster.nodes.map((_, index) => `127.0.0.1:${this.member(first + index).port}`);
    return `mysql://root@${hosts.join(',')}/${database}`;
  }

  settings(first: number, more: Partial<MySqlSettings> = {}): MySqlSettings {
    const times = { connectMs: 2000, commitMs: 10_000, readMs: 30_000 };
    return {
      url: this.url(first),
      prefix: 'holdfast_',
      connections: 4,
      ...times,
      tls: () => undefined,
      version: '0.0.1',
      ...more,
    };
  }

  async open(first: number, more: Partial<MySqlSettings> = {}): Promise<MySqlStore> {
    const store = new MySqlStore(this.settings(first, more));
    await store.open();
    return store;
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
  }
}
