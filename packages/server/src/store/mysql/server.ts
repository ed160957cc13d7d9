import type { Connection as Driver } from 'mysql2/promise';
import { numberAt, type Row, textAt } from '../remote/values.ts';
import { faultOf } from './durability.ts';

/** What a server tells of itself when a connection to it is made. */
export interface SeenServer {
  /** When it was started, in seconds of its clock; it may be a little off. */
  readonly startedSeconds: number;
  /** Whether it takes writes now. */
  readonly isWritable: boolean;
  /** Why it may lose what it acknowledges, and what to do. */
  readonly fault: string | undefined;
  /** Names what it writes: all members of a Galera cluster write the same. */
  readonly line: string;
  /** Of a Galera cluster: what another member has acknowledged may not be here yet. */
  readonly isMember: boolean;
}

const statuses = ['Uptime', 'wsrep_ready', 'wsrep_cluster_status', 'wsrep_cluster_state_uuid'];
const variables = ['read_only', 'innodb_read_only', 'server_uuid', 'server_id', 'hostname', 'port', 'wsrep_on'].concat(
  'innodb_flush_log_at_trx_commit',
  'log_bin',
  'sync_binlog',
);

export async function lookAtServer(driver: Driver, timeout: number): Promise<SeenServer> {
  const ask = async (sql: string): Promise<Row[]> => {
    const [rows] = await driver.query({ sql, timeout, rowsAsArray: true });
    return Array.isArray(rows) ? rows.filter((row) => Array.isArray(row)) : [];
  };
  const told = new Map<string, string>();
  for (const [kind, names] of [['status', statuses] as const, ['variables', variables] as const]) {
    const list = names.map((name) => `'${name}'`).join(', ');
    for (const row of await ask(`show global ${kind} where variable_name in (${list})`)) {
      told.set(textAt(row, 0).toLowerCase(), textAt(row, 1));
    }
  }
  const [now = []] = await ask('select unix_timestamp()');
  return { ...seenOf(told), startedSeconds: numberAt(now, 0) - Number(told.get('uptime')) };
}

/** @param told values by names in small letters; each kind of server tells only some */
export function seenOf(told: ReadonlyMap<string, string>): Omit<SeenServer, 'startedSeconds'> {
  const isMember = told.get('wsrep_on') === 'ON';
  const reads = ['read_only', 'innodb_read_only'].some((name) => told.get(name) === 'ON');
  // One that is cut off from most of the others serves nobody.
  const serves = told.get('wsrep_ready') === 'ON' && told.get('wsrep_cluster_status') === 'Primary';
  const [cluster, own, id, host, port] = [
    'wsrep_cluster_state_uuid',
    'server_uuid',
    'server_id',
    'hostname',
    'port',
  ].map((name) => told.get(name) ?? '');
  // MariaDB gives no name to a server.
  const line = isMember ? cluster : own || `${id} ${host}:${port}`;
  return { isMember, isWritable: !reads && (!isMember || serves), fault: faultOf(told), line: line ?? '' };
}

/**
 * What a member of a Galera cluster is told: it answers nothing before it has what the others have acknowledged, also
 * while it is cut off from them, and does not do itself again what met another transaction.
 */
export const asMember = 'set session wsrep_sync_wait = 7, wsrep_dirty_reads = 0, wsrep_retry_autocommit = 0';
