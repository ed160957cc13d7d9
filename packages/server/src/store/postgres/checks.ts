import { numberAt, textAt } from '../remote/values.ts';
import { StoreError } from '../store.ts';
import type { Connection } from './connection.ts';

/** 13: the first whose claims can be paged with ties, and whose autovacuum looks at inserts. */
const oldestVersion = 130_000;

/** How a server keeps what it acknowledges, in the words of its settings. */
export interface Durability {
  readonly fsync: string;
  readonly commit: string;
  /** `synchronous_standby_names` */
  readonly standbys: string;
}

/**
 * Why what is acknowledged here may be lost, and what to do. It is asked for with each connection: a promoted replica
 * has settings of its own.
 */
export function faultOf({ fsync, commit, standbys }: Durability, hasSeveralHosts: boolean): string | undefined {
  if (fsync !== 'on') return 'the server runs with fsync = off and may lose what it has acknowledged: set fsync = on';
  const role = 'set it to on, for the server, the database or this user (alter role ... set synchronous_commit = on)';
  if (commit === 'off') {
    return `this user commits with synchronous_commit = off, which loses acknowledged commits in a crash: ${role}`;
  }
  // With remote_write the replica has it, and loses it only where its machine fails at the same time.
  if (commit === 'local' && (hasSeveralHosts || standbys !== '')) {
    const why = hasSeveralHosts ? 'store.url names several hosts' : 'synchronous_standby_names is set';
    return (
      'this user commits with synchronous_commit = local, which does not wait for the replica, so a failover loses ' +
      `acknowledged commits (${why}): ${role}`
    );
  }
  return undefined;
}

/**
 * What the server is, before anything is created in it.
 * @throws StoreError `version` where it is too old; `unsafe` where it must not be used as it is
 */
export async function checkServer(connection: Pick<Connection, 'query'>): Promise<void> {
  const [row = []] = await connection.query(`
    select current_setting('server_version_num')::integer, current_setting('server_version'),
      current_setting('server_encoding'), current_setting('default_transaction_isolation')`);
  const [version, encoding, isolation] = [1, 2, 3].map((index) => textAt(row, index));
  if (numberAt(row, 0) < oldestVersion) {
    throw new StoreError('version', `PostgreSQL ${version} is too old: Holdfast needs 13 or later`);
  }
  if (encoding !== 'UTF8') {
    throw new StoreError('unsafe', `the database has the encoding ${encoding}: create one with ENCODING 'UTF8'`);
  }
  if (isolation !== 'read committed') {
    throw new StoreError(
      'unsafe',
      `this user's transactions are ${isolation} by default: set default_transaction_isolation to 'read committed' ` +
        'for it (alter role ... set default_transaction_isolation = ...)',
    );
  }
}
