import type { Case } from '../auditor/case.ts';
import type { Delicate } from '../world/surroundings.ts';
import type { Client } from './client.ts';

/** What an operator does to transactions that are none of his: makes due, stops, rolls back, asks, lists. */
export async function operate(client: Client, untilMs: number): Promise<void> {
  const { random, parts } = client;
  const { scheduler, auditor, statistics } = parts.world;
  while (scheduler.nowMs < untilMs) {
    await scheduler.sleep(random.skewed(200, 8000));
    const [first, ...others] = [...auditor.cases.values()];
    if (first === undefined) continue;
    const { asked, isFinal } = random.pick([first, ...others]);
    const deed = random.weighted({ due: 5, allDue: 1, stop: 1, rollback: 1, resubmit: 2, query: 2, list: 1 });
    statistics.count(`operator: ${deed}`);
    switch (deed) {
      case 'due':
        await client.makeDue(asked.gid);
        break;
      case 'allDue':
        await client.once('', 'make all due', (coordinator) => coordinator.makeManyDue(3000, 20));
        break;
      case 'stop':
        if (!isFinal) await client.stop(asked);
        break;
      case 'rollback':
        if (asked.type === 'saga') await client.rollBack(asked);
        break;
      case 'resubmit':
        // Only where a submit was asked for: an operator does not decide for the client.
        if (auditor.cases.get(asked.gid)?.askings.has('submit')) await client.submit(asked);
        break;
      case 'query':
        await client.once(asked.gid, 'query', (coordinator) => coordinator.query(asked.gid));
        break;
      case 'list':
        await client.once('', 'list', (coordinator) => coordinator.list({ limit: 20 }));
        break;
      default:
        deed satisfies never;
    }
  }
}

/** How many of these moments meet somebody who asks for the transaction then. */
const metShare: Readonly<Record<Delicate, number>> = { call: 0.03, 'hand-back': 0.08, claim: 0.03, takeover: 0.4 };
/** What was taken over is asked for while its first calls are out. */
const firstCallsMs = 1500;

/** Makes due, asks again, rolls back or stops, just when it is most inconvenient. */
export function pester(client: Client, untilMs: number, run: (gid: string, life: Promise<unknown>) => void): void {
  const { random, parts } = client;
  const { scheduler, auditor, delicate } = parts.world;
  const ask = ({ asked, askings, isFinal }: Case): Promise<unknown> => {
    const deed = random.weighted({ due: 12, resubmit: 6, rollback: 3, stop: 1 });
    if (deed === 'rollback' && asked.type === 'saga') return client.rollBack(asked);
    if (deed === 'stop' && !isFinal) return client.stop(asked);
    return deed === 'resubmit' && askings.has('submit') ? client.submit(asked) : client.makeDue(asked.gid);
  };
  delicate.push((gid, moment) => {
    const found = auditor.cases.get(gid);
    if (found === undefined || scheduler.nowMs >= untilMs || !random.chance(metShare[moment])) return;
    run(gid, moment === 'takeover' ? client.think(firstCallsMs).then(() => ask(found)) : ask(found));
  });
}
