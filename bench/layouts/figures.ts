import type pg from 'pg';

/** What the server has counted so far. */
export interface Counters {
  readonly wal: number;
  readonly updates: number;
  readonly hotUpdates: number;
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly deadRows: number;
}

const statistic = (column: string) => `(select coalesce(sum(${column}), 0) from pg_stat_user_tables)`;
const size = (what: string) => `
  (select sum(${what}(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema'))`;

export async function readCounters(client: pg.Client): Promise<Counters> {
  const { rows } = await client.query({
    text: `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn, ${statistic('n_tup_upd')}, ${statistic('n_tup_hot_upd')},
      ${size('pg_table_size')}, ${size('pg_indexes_size')}, ${statistic('n_dead_tup')}`,
    rowMode: 'array',
  });
  const [wal = 0, updates = 0, hotUpdates = 0, heapBytes = 0, indexBytes = 0, deadRows = 0] = (rows[0] ?? []).map(
    Number,
  );
  return { wal, updates, hotUpdates, heapBytes, indexBytes, deadRows };
}

/** What was written to the log since: entries in indexes, and bytes of whole pages (the first change after a checkpoint). */
export async function readLog(client: pg.Client, since: Counters): Promise<{ entries: number; imageBytes: number }> {
  const { rows } = await client.query<{ entries: string; images: string }>(
    `select coalesce(sum(count) filter (where "resource_manager/record_type" like 'Btree/INSERT%'), 0) as entries,
       coalesce(sum(fpi_size), 0) as images
     from pg_get_wal_stats('0/0'::pg_lsn + $1::numeric, pg_current_wal_flush_lsn(), true)`,
    [since.wal],
  );
  return { entries: Number(rows[0]?.entries), imageBytes: Number(rows[0]?.images) };
}
