import type { Step } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Client } from './client.ts';

/**
 * One step of a message names a topic, to which a few banks are subscribed at once. Undefined: it could not be set up.
 * What the message means then is told to the auditor in the client's own words.
 */
export async function withTopic(client: Client, asked: AskedTransaction): Promise<AskedTransaction | undefined> {
  const { random } = client;
  const topic = topicOf(asked);
  const place = random.integer(0, asked.steps.length - 1);
  const urls = Array.from({ length: random.integer(1, 4) }, (_, index) => `http://${client.bank()}/in?nr=${index}`);
  const all = await Promise.all(urls.map((url) => subscribe(client, asked.gid, topic, url)));
  if (all.includes(false)) return undefined;
  const subscribed = await subscribersOf(client, asked.gid, topic);
  if (subscribed === undefined) return undefined;
  const steps = asked.steps.map((step, index) => (index === place ? { ...step, action: `topic://${topic}` } : step));
  const meant = asked.steps.flatMap((step, index) => (index === place ? delivered(step, subscribed) : step));
  client.meanings.set(asked.gid, { ...asked, steps: meant });
  return { ...asked, steps };
}

/** What was created goes to whom it was meant for then. */
export async function deleteTopic(client: Client, asked: AskedTransaction): Promise<void> {
  client.parts.world.statistics.count('topic deleted');
  const topic = topicOf(asked);
  client.deletedTopics.add(topic);
  await client.insisting(
    asked.gid,
    'delete a topic',
    (coordinator) => coordinator.topics.delete(topic),
    () => [],
  );
}

function topicOf({ gid }: AskedTransaction): string {
  return `of-${gid}`;
}

function delivered(step: Step, urls: readonly string[]): Step[] {
  const [only] = urls;
  if (urls.length === 1 && only !== undefined) return [{ ...step, action: only }];
  return urls.map((action, index) => ({ ...step, action, branchId: `${step.branchId}-0${index + 1}` }));
}

async function subscribe(client: Client, gid: string, topic: string, url: string): Promise<boolean> {
  const answer = await client.insisting(
    gid,
    'subscribe',
    (coordinator) => coordinator.topics.subscribe(topic, { url, remark: '' }),
    () => (client.deletedTopics.has(topic) ? [] : [{ kind: 'subscribe', topic, url }]),
  );
  // Refused: an earlier attempt has done it.
  return answer.kind !== 'unknown';
}

/** In the order in which they came. */
async function subscribersOf(client: Client, gid: string, topic: string): Promise<readonly string[] | undefined> {
  const answer = await client.insisting(
    gid,
    'look at a topic',
    (coordinator) => coordinator.getValue('topics', topic),
    () => [],
  );
  if (answer.kind !== 'done' || answer.value === undefined) return undefined;
  const subscribers: { url: string }[] = JSON.parse(answer.value.value);
  return subscribers.map(({ url }) => url);
}
