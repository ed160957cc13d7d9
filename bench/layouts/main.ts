/**
 * `npm run bench:layouts`: what a saga costs a PostgreSQL by the store, and in several layouts of its tables, also while
 * a snapshot is held.
 */
import pg from 'pg';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { startPostgres } from '../../test/lib/servers/postgres.ts';
import type { PrivateServer } from '../../test/lib/servers/private-server.ts';
import { runCommand } from '../command.ts';
import { budgetTable } from '../markdown.ts';
import { table } from '../table.ts';
import { layoutBudgets } from './budgets.ts';
import { type Counters, readCounters, readLog } from './figures.ts';
import { LayoutSubject } from './layout-subject.ts';
import { layouts } from './layouts.ts';
import { type Load, load } from './load.ts';
import { type LayoutOptions, readOptions, usage } from './options.ts';
import { StoreSubject } from './store-subject.ts';
import type { Subject } from './subject.ts';

interface Measured {
  readonly layout: string;
  readonly phase: 'clean' | 'pinned' | 'released';
  readonly load: Load;
  readonly before: Counters;
  readonly after: Counters;
  readonly entries: number;
  readonly imageBytes: number;
}

const heading = [
  ...['layout', 'phase', 'sagas/s', 'wal/saga', 'without-images', 'hot', 'entries/saga', 'heap/saga', 'index/saga'],
  ...['dead', 'claim-p50', 'claim-p99', 'beat-p99', 'look-max'],
];

await runCommand<LayoutOptions>({
  usage,
  read: readOptions,
  measure: async (options, _folder, progress) => {
    const measured: Measured[] = [];
    for (const layout of options.layouts) measured.push(...(await measureLayout(layout, options, progress)));
    const rows = table([heading, ...measured.map(toRow)]);
    return `${rows}\n\n${budgetTable(layoutBudgets(measured))}`;
  },
});

/** On a server of its own, with its defaults, but for a log long enough to be read afterwards. */
async function measureLayout(name: string, options: LayoutOptions, progress: (text: string) => void) {
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
    await looker.query('create extension pg_walinspect');
    const { subject, close } = await subjectOf(name, options, server, connect);
    const phase = async (phaseName: Measured['phase'], seconds: number): Promise<Measured> => {
      progress(`${name}, ${phaseName}: ${seconds} s`);
      const before = await readCounters(looker);
      const done = await load(subject, options.writers, seconds);
      const log = await readLog(looker, before);
      return { layout: name, phase: phaseName, load: done, before, after: await readCounters(looker), ...log };
    };
    await load(subject, options.writers, Math.min(5, options.seconds));
    const clean = await phase('clean', options.seconds);
    const holder = await connect();
    await holder.query('begin isolation level repeatable read; select count(*) from pg_class');
    const pinned = await phase('pinned', options.pinnedSeconds);
    await holder.query('commit');
    const released = await phase('released', options.seconds);
    await close();
    return [clean, pinned, released];
  } finally {
    for (const client of clients) await client.end();
    await server.stop();
  }
}

async function subjectOf(
  name: string,
  { writers }: LayoutOptions,
  server: PrivateServer,
  connect: () => Promise<pg.Client>,
): Promise<{ subject: Subject; close: () => Promise<void> }> {
  const layout = layouts.find((one) => one.name === name);
  if (layout === undefined) {
    const subject = await StoreSubject.open(`postgres://root@127.0.0.1:${server.port}/postgres`);
    return { subject, close: () => subject.close() };
  }
  const claimer = await connect();
  await claimer.query(layout.tables);
  const connections: pg.Client[] = [];
  while (connections.length < writers) connections.push(await connect());
  return { subject: new LayoutSubject(layout, claimer, connections), close: async () => undefined };
}

function toRow({ layout, phase, load: { sagas, seconds, ...times }, before, after, ...log }: Measured): string[] {
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
    times.claims.p50Ms.toFixed(1),
    times.claims.p99Ms.toFixed(1),
    times.beats.p99Ms.toFixed(1),
    times.looks.maxMs.toFixed(1),
  ];
}
