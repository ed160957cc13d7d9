import { audit, type Queried } from './auditor.ts';
import type { Load } from './load.ts';
import type { Participant } from './participant.ts';
import { until } from './until.ts';

/** Waits until every transaction of the load has ended, then audits each. @returns what is wrong, in sentences */
export async function settleAndAudit(load: Load, participant: Participant, limitMs: number): Promise<string[]> {
  const ended = new Map<string, Queried>();
  let open = load.notes;
  try {
    await until(
      'every transaction has ended',
      async () => {
        for (let from = 0; from < open.length; from += 32) {
          await Promise.all(
            open.slice(from, from + 32).map(async ({ scenario: { gid } }) => {
              const queried = await load.query(gid);
              const status = queried.transaction?.status;
              if (status === undefined || status === 'succeed' || status === 'failed') ended.set(gid, queried);
            }),
          );
        }
        open = open.filter(({ scenario: { gid } }) => !ended.has(gid));
        return open.length === 0;
      },
      limitMs,
    );
  } catch (error) {
    const examples = await Promise.all(open.slice(0, 3).map(async ({ scenario: { gid } }) => load.query(gid)));
    return [`${String(error)}: ${open.length} did not, for example ${JSON.stringify(examples)}`];
  }
  const wrong = load.notes.flatMap((note) => {
    const { gid, kind } = note.scenario;
    const queried = ended.get(gid) ?? { transaction: null, branches: [] };
    return audit(note, participant.ledger, queried).map((text) => `${kind} ${gid}: ${text}`);
  });
  const { balance, pending } = participant.ledger;
  if (balance !== 0) wrong.push(`money was made or lost: ${balance}`);
  if (pending !== 0) wrong.push(`money is frozen: ${pending}`);
  return [...wrong, ...load.defects, ...load.client.defects, ...participant.defects];
}
