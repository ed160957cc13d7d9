/** `npm run bench:layouts`: what a saga costs a PostgreSQL in several layouts of its tables, also while a snapshot is held. */
import pg from 'pg';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { startPostgres } from '../../test/lib/servers/postgres.ts';
import { runCommand } from '../command.ts';
import { table } from '../table.ts';
import { type Counters, readCounters, readLog } from './figures.ts';
import type { Layout } from './layouts.ts';
import { type Load, load } from './load.ts';
import { type LayoutOptions, readOptions, usage } from './options.ts';

interface Measured {
  readonly layout: string;
  readonly phase: string;
  readonly load: Load;
  readonly before: Counters;
  readonly after: Counters;
  readonly entries: number;
  readonly imageBytes: number;
}

const heading =
  'layout phase sagas/s wal/saga without-images hot entries/saga heap/saga index/saga dead claim-p50 claim-p99'.split(
    ' ',
  );

await runCommand<LayoutOptions>({
  usage,
  read: readOptions,
  measure: async (options, _folder, progress) => {
    const measured: Measured[] = [];
    for (const layout of options.layouts) measured.push(...(await measureLayout(layout, options, progress)));
    return table([heading, ...measured.map(toRow)]);
  },
});

/** On a server of its own, with its defaults, but for a log long enough to be read afterwards. */
async function measureLayout(layout: Layout, options: LayoutOptions, progress: (text: string) => void) {
  const programs = postgres();
  if ('missing' in programs) throw new Error(programs.missing);
  const server = await startPostgres(programs.found, {
    syncs: true,
    settings: { max_wal_size: '64GB', wal_keep_size: '64GB', checkpoint_timeout: '5min', shared_buffers: '512MB' },
  });
  const clients: pg.Client[] = [];
  const connect = async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'root', database: 'postgres' });
    await client.connect();
    clients.push(client);
    return client;
  };
  try {
    const looker = await connect();
    await looker.query(`create extension pg_walinspect; ${layout.tables}`);
    const loaders: pg.Client[] = [];
    for (let count = 0; count <= options.writers; count += 1) loaders.push(await connect());
    const phase = async (name: string, seconds: number): Promise<Measured> => {
      progress(`${layout.name}, ${name}: ${seconds} s`);
      const before = await readCounters(looker);
      const done = await load(loaders, layout, seconds);
      const log = await readLog(looker, before);
      return { layout: layout.name, phase: name, load: done, before, after: await readCounters(looker), ...log };
    };
    await load(loaders, layout, Math.min(5, options.seconds));
    const clean = await phase('clean', options.seconds);
    const holder = await connect();
    await holder.query('begin isolation level repeatable read; select count(*) from transactions where id = 1');
    const pinned = await phase('pinned', options.pinnedSeconds);
    await holder.query('commit');
    return [clean, pinned, await phase('released', options.seconds)];
  } finally {
    for (const client of clients) await client.end();
    await server.stop();
  }
}

function toRow({ layout, phase, load: { sagas, seconds, ...claims }, before, after, ...log }: Measured): string[] {
  const each = (bytes: number) => (bytes / sagas).toFixed(0);
  const added = (name: keyof Counters) => after[name] - before[name];
  return [
    layout,
    phase,
    (sagas / seconds).toFixed(0),
    each(added('wal')),
    each(added('wal') - log.imageBytes),
    `${((100 * added('hotUpdates')) / added('updates')).toFixed(0)} %`,
    (log.entries / sagas).toFixed(2),
    each(added('heapBytes')),
    each(added('indexBytes')),
    `${after.deadRows}`,
    claims.claimP50Ms.toFixed(1),
    claims.claimP99Ms.toFixed(1),
  ];
}
