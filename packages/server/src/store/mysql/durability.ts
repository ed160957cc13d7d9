/**
 * Why what is acknowledged here may be lost, and what to do. It is asked for with each connection: a promoted replica
 * has settings of its own.
 * @param told settings by names in small letters
 */
export function faultOf(told: ReadonlyMap<string, string>): string | undefined {
  const flush = told.get('innodb_flush_log_at_trx_commit');
  if (flush !== '1') {
    return `the server runs with innodb_flush_log_at_trx_commit = ${flush} and may lose what it has acknowledged: set it to 1`;
  }
  const sync = told.get('sync_binlog');
  // After a crash of the machine, what is not in the binary log is rolled back.
  if (told.get('log_bin') === 'ON' && sync !== '1') {
    return `the server has a binary log with sync_binlog = ${sync} and may lose what it has acknowledged: set it to 1`;
  }
  return undefined;
}
