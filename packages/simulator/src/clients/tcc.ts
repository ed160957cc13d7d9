import type { BranchOperation } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Client } from './client.ts';

/** Prepare; register and try each branch, some of which have branches of their own; then submit or abort. */
export async function runTcc(client: Client, asked: AskedTransaction): Promise<void> {
  const { random } = client;
  const prepared = await client.prepare(asked);
  if (prepared.kind !== 'done') return;
  const count = random.integer(0, 4);
  let hasSucceeded = true;
  for (let index = 1; index <= count && hasSucceeded; index += 1) {
    const branchId = String(index).padStart(2, '0');
    hasSucceeded = await runBranch(client, asked, branchId, random.chance(0.2));
    await client.think(1500);
  }
  if (random.chance(0.15)) return;
  // A careless service registers while its initiator already ends the transaction: the status decides who was first.
  if (random.chance(0.3)) registerNotes(client, asked, random.integer(1, 4));
  if (hasSucceeded && random.chance(0.1)) await client.raceSubmitAndAbort(asked);
  else if (hasSucceeded) await client.submit(asked);
  else await client.abort(asked);
}

/** True: its try succeeded, and those of the branches below it. */
async function runBranch(
  client: Client,
  asked: AskedTransaction,
  branchId: string,
  isNested: boolean,
): Promise<boolean> {
  const { random } = client;
  const way = random.chance(0.5) ? 'out' : 'in';
  const url = `http://${client.bank()}/${way}`;
  const payload = client.order(random.chance(0.12));
  const isRegistered = await client.register(asked, operationsOf(branchId, url, payload));
  if (!isRegistered) return false;
  const call = { gid: asked.gid, type: 'tcc', branchId, op: 'try', url: `${url}-try`, payload };
  const tried = await client.call(call, 3000);
  if (tried.kind !== 'answered' || tried.answer.statusCode !== 200) return false;
  return isNested ? runBranch(client, asked, `${branchId}01`, false) : true;
}

function operationsOf(branchId: string, url: string, payload: string): BranchOperation[] {
  return [
    { branchId, op: 'cancel', url: `${url}-cancel`, payload },
    { branchId, op: 'confirm', url: `${url}-confirm`, payload },
  ];
}

/** Branches that need no try: they are only told how it ended. */
function registerNotes(client: Client, asked: AskedTransaction, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const branchId = String(90 + index);
    const url = `http://${client.bank()}/note`;
    const payload = client.order(false);
    const branches: BranchOperation[] = [
      { branchId, op: 'cancel', url, payload },
      { branchId, op: 'confirm', url, payload },
    ];
    client
      .think(30)
      .then(() => client.register(asked, branches))
      .catch((error: unknown) => client.parts.world.auditor.broke(asked.gid, `a client failed: ${error}`));
  }
}
