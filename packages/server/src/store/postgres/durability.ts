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
