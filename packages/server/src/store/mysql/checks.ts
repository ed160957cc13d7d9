import { numberAt, textAt } from '../remote/values.ts';
import { StoreError } from '../store.ts';
import type { Connection } from './connection.ts';

/** 10.6 and 8.0.4 are the first with JSON_TABLE and SKIP LOCKED. */
const oldest = { MariaDB: [10, 6, 0], MySQL: [8, 0, 4] } as const;

/** The largest transaction has 16 MiB, and a batch that is divided holds one of them. */
const leastPacketBytes = 32 * 1024 * 1024;

/**
 * What the server is, before anything is created in it.
 * @throws StoreError `version` where it is too old; `unsafe` where it must not be used as it is
 */
export async function checkServer(connection: Pick<Connection, 'query'>): Promise<void> {
  const [row = []] = await connection.query(`
    select version(), @@max_allowed_packet, @@autocommit, @@log_bin, @@binlog_format`);
  checkVersion(textAt(row, 0));
  if (numberAt(row, 1) < leastPacketBytes) {
    throw new StoreError(
      'unsafe',
      `the server takes packets of ${numberAt(row, 1)} bytes at most, and the largest transaction needs ${leastPacketBytes}: ` +
        'set its max_allowed_packet to 64M',
    );
  }
  if (numberAt(row, 2) !== 1) {
    throw new StoreError('unsafe', 'this user has autocommit = 0, which leaves transactions open: set it to 1');
  }
  if (numberAt(row, 3) === 1 && textAt(row, 4) === 'STATEMENT') {
    throw new StoreError(
      'unsafe',
      'the server writes its binary log by statement, which refuses READ COMMITTED: set its binlog_format to ROW',
    );
  }
}

function checkVersion(version: string): void {
  const name = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  const numbers = /(?:^5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const least = oldest[name];
  for (const [index, number] of least.entries()) {
    const found = numbers[index] ?? 0;
    if (found > number) return;
    if (found < number) {
      throw new StoreError('version', `${name} ${version} is too old: Holdfast needs ${least.join('.')} or later`);
    }
  }
}
