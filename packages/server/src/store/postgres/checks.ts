import { numberAt, textAt } from '../remote/values.ts';
import { StoreError } from '../store.ts';
import type { Connection } from './connection.ts';

/** 13: the first whose claims can be paged with ties, and whose autovacuum looks at inserts. */
const oldestVersion = 130_000;

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
