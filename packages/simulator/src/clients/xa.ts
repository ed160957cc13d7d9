import type { BranchOperation } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Client } from './client.ts';

/** Prepare; call the branches, which register themselves; then submit or abort. Some clients die on the way. */
export async function runXa(client: Client, asked: AskedTransaction): Promise<void> {
  const { random } = client;
  const prepared = await client.prepare(asked);
  if (prepared.kind !== 'done') return;
  const count = random.integer(0, 4);
  let hasSucceeded = true;
  for (let index = 1; index <= count && hasSucceeded; index += 1) {
    const branch = runBranch(client, asked, String(index).padStart(2, '0'));
    // Its service goes on where the client does not wait for it any longer.
    const isLeft = client.think(2000).then(() => false);
    hasSucceeded = await (random.chance(0.85) ? branch : Promise.race([branch, isLeft]));
  }
  if (random.chance(0.15)) return;
  if (hasSucceeded && random.chance(0.1)) await client.raceSubmitAndAbort(asked);
  else if (hasSucceeded) await client.submit(asked);
  else await client.abort(asked);
}

/** What the service of a branch does: it registers itself, and only then prepares in its database. */
async function runBranch(client: Client, asked: AskedTransaction, branchId: string): Promise<boolean> {
  const { random, parts } = client;
  const url = `http://${client.bank()}/xa-${random.chance(0.5) ? 'out' : 'in'}`;
  const payload = client.order(random.chance(0.12));
  const told = (op: string): BranchOperation => ({ branchId, op, url, payload: '' });
  try {
    if (!(await client.register(asked, [told('rollback'), told('commit')]))) return false;
    await client.think(500);
    const call = { gid: asked.gid, type: 'xa', branchId, op: 'action', url, payload };
    const done = await client.call(call, 3000);
    return done.kind === 'answered' && done.answer.statusCode === 200;
  } catch (error) {
    parts.world.auditor.broke(asked.gid, `a branch failed: ${error}`);
    return false;
  }
}
