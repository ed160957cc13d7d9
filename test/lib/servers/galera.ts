import { join } from 'node:path';
import type { GaleraPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { freePort } from '../free-port.ts';
import { clientArgs, installArgs, serveArgs } from './mariadb.ts';
import { PrivateServer, type ServerOptions } from './private-server.ts';

/** The ports of one node beside the one of its clients. */
interface Ports {
  readonly group: number;
  readonly increments: number;
  readonly state: number;
}

export interface GaleraOptions extends ServerOptions {
  /** How long the others wait for one that says nothing, before they go on without it. Default: 5, as Galera has it. */
  readonly suspectSeconds?: number;
}

/** A private Galera cluster: servers of MariaDB that all write the same data. Each can be killed and started again. */
export class GaleraCluster {
  readonly nodes: readonly PrivateServer[];

  private constructor(nodes: readonly PrivateServer[]) {
    this.nodes = nodes;
  }

  /** The first begins the cluster; the others get its data from it. */
  static async start(programs: GaleraPrograms, size: number, options: GaleraOptions = {}): Promise<GaleraCluster> {
    const ports: Ports[] = [];
    for (let index = 0; index < size; index += 1) {
      ports.push({ group: await freePort(), increments: await freePort(), state: await freePort() });
    }
    const start = (own: Ports, index: number) => startNode(programs, options, index, own, ports);
    const [first, ...others] = ports;
    if (first === undefined) return new GaleraCluster([]);
    const beginning = start(first, 0);
    const joining = others.map((own, index) => beginning.then(() => start(own, index + 1)));
    const nodes: PrivateServer[] = [];
    const failures: unknown[] = [];
    for (const one of await Promise.allSettled([beginning, ...joining])) {
      if (one.status === 'fulfilled') nodes.push(one.value);
      else failures.push(one.reason);
    }
    if (failures.length === 0) return new GaleraCluster(nodes);
    await Promise.all(nodes.map((node) => node.stop()));
    throw failures[0];
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

function startNode(
  programs: GaleraPrograms,
  options: GaleraOptions,
  index: number,
  { group, increments, state }: Ports,
  all: readonly Ports[],
): Promise<PrivateServer> {
  const { suspectSeconds = 5 } = options;
  const settings = {
    'binlog-format': 'ROW',
    'innodb-autoinc-lock-mode': 2,
    'wsrep-on': 'ON',
    'wsrep-provider': programs.provider,
    'wsrep-cluster-name': 'tests',
    'wsrep-cluster-address': `gcomm://${all.map((one) => `127.0.0.1:${one.group}`).join(',')}`,
    'wsrep-node-name': `n${index + 1}`,
    'wsrep-node-address': `127.0.0.1:${group}`,
    'wsrep-provider-options': `gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${increments};gcache.size=32M;evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT${suspectSeconds}S`,
    'wsrep-sst-method': 'rsync',
    'wsrep-sst-receive-address': `127.0.0.1:${state}`,
    'wsrep-retry-autocommit': 0,
    ...options.settings,
  };
  // Started again it joins what it has begun.
  let begins = index === 0;
  return PrivateServer.start({
    name: 'Galera',
    // The others get all of it from the first.
    install: (place) =>
      index === 0
        ? { program: programs.install, args: installArgs(place, options) }
        : { program: 'mkdir', args: [join(place.folder, 'data')] },
    serve: (place) => {
      const args = serveArgs(place, { ...options, settings });
      const first = begins ? ['--wsrep-new-cluster'] : [];
      begins = false;
      return { program: programs.server, args: [...args, ...first] };
    },
    ready: 'Synchronized with group',
    client: ({ port }, words) => ({ program: programs.client, args: clientArgs(port, words) }),
  });
}
