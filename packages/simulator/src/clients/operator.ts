import type { Client } from './client.ts';

/** What an operator does to transactions that are none of his: makes due, stops, asks, lists. */
export async function operate(client: Client, untilMs: number): Promise<void> {
  const { random, parts } = client;
  const { scheduler, auditor, statistics } = parts.world;
  while (scheduler.nowMs < untilMs) {
    await scheduler.sleep(random.skewed(200, 8000));
    const [first, ...others] = [...auditor.cases.values()];
    if (first === undefined) continue;
    const { asked, isFinal } = random.pick([first, ...others]);
    const deed = random.weighted({ due: 5, allDue: 1, stop: 1, resubmit: 2, query: 2, list: 1 });
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
