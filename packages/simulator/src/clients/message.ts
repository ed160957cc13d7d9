import { noOptions } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Client } from './client.ts';
import { deleteTopic, withTopic } from './topics.ts';

/** A message to a few banks, each of which must get it. */
export function planMessage(client: Client, gid: string): AskedTransaction {
  const { random } = client;
  const steps = random.integer(1, 4);
  return {
    gid,
    type: 'msg',
    protocol: 'http',
    steps: Array.from({ length: steps }, (_, index) => ({
      branchId: String(index + 1).padStart(2, '0'),
      action: `http://${client.bank()}/in`,
      compensate: '',
      payload: client.order(false),
    })),
    queryPrepared: random.chance(0.9) ? 'http://ledger/query-prepared' : '',
    options: {
      ...noOptions,
      waitResult: random.chance(0.2),
      timeoutToFailMs: random.chance(0.8) ? random.integer(2, 10) * 1000 : 0,
      requestTimeoutMs: random.chance(0.5) ? random.integer(500, 3000) : 0,
      retryIntervalMs: random.chance(0.7) ? random.integer(1, 5) * 1000 : 0,
      concurrent: random.chance(0.4),
    },
    customData: '',
  };
}

/** Some go to whom is subscribed to a topic. */
export async function runMessage(client: Client, planned: AskedTransaction): Promise<void> {
  if (client.random.chance(0.75)) return deliver(client, planned);
  const asked = await withTopic(client, planned);
  if (asked !== undefined) await deliver(client, asked);
}

/** Prepare, local transaction, submit or abort; or a submit alone. Some clients die on the way. */
async function deliver(client: Client, asked: AskedTransaction): Promise<void> {
  const { random, parts } = client;
  const delay = random.chance(0.25) ? JSON.stringify({ delay: random.integer(1, 15) }) : '';
  const submitted = { ...asked, customData: delay };
  if (random.chance(0.2)) {
    await client.submit(submitted);
    return;
  }
  const prepared = await client.prepare(asked);
  if (prepared.kind !== 'done' || random.chance(0.1)) return;
  if (client.meanings.has(asked.gid) && random.chance(0.3)) await deleteTopic(client, asked);
  await client.think(6000);
  const hasCommitted = random.chance(0.7) && parts.ledger.commit(asked.gid);
  if (random.chance(0.25)) return;
  if (hasCommitted && random.chance(0.1)) await client.raceSubmitAndAbort(submitted);
  else if (hasCommitted) await client.submit(submitted);
  else await client.abort(asked);
}
