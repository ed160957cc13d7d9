import assert from 'node:assert/strict';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import { until } from '../../lib/until.ts';
import type { FailoverWriter } from './failover-writer.ts';

/** A server and its replica. */
export interface Pair {
  readonly primary: PrivateServer;
  readonly replica: PrivateServer;
  promote(): Promise<void>;
  comeBackAlone(): Promise<void>;
}

/**
 * The primary dies and the replica is promoted; then the old primary comes back and takes writes. Nobody writes there: who was
 * there, who starts, and while the new one is away.
 * @param start opens another coordinator's store on both
 * @param gidsOn what is stored on a server
 */
export async function leaveOldPrimaryAlone(
  pair: Pair,
  start: (name: string) => Promise<FailoverWriter>,
  gidsOn: (server: PrivateServer) => Promise<readonly (string | undefined)[]>,
): Promise<void> {
  const one = await start('one');
  const before = await one.write();
  await until('the replica has it', async () => (await gidsOn(pair.replica)).includes(before));
  await pair.primary.kill();
  await pair.promote();
  const after = await one.write();
  await pair.comeBackAlone();
  const other = await start('other');
  const writers = [one, other];
  const gids = [await one.write(), await other.write()];
  await until('both know of the old one', () => writers.every(({ incident }) => /is split/.test(incident)), 15_000);
  assert.match(one.incident, /another one takes writes too: .*its data are older \(term 1\)/);
  await pair.replica.kill();
  for (const writer of writers) await writer.untilRefused(/its data are older.*ECONNREFUSED/);
  await pair.replica.restart();
  gids.push(await one.write(), await other.write());
  assert.deepEqual(await gidsOn(pair.primary), [before]);
  assert.deepEqual([...(await gidsOn(pair.replica))].sort(), [before, after, ...gids].sort());
  await pair.primary.end();
  await until('it is over', () => writers.every(({ incident }) => incident === 'whole again'), 15_000);
}
