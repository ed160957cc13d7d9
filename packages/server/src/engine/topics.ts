import { expandTopics, HoldfastError, invalid, limits, type Step, topicsOf } from '@holdfast/core';
import type { KeyValue, Store } from '../store/store.ts';
import type { NameBook } from './ports.ts';
import { refuse } from './refusals.ts';

export interface Subscriber {
  readonly url: string;
  /** For people. */
  readonly remark: string;
}

type TopicStore = Pick<Store, 'getValue' | 'putValue' | 'deleteValue'>;

/** The category of the records that topics are. */
const category = 'topics';
/** Every message to a topic reads it: what its subscribers may take as text. */
const mostCharacters = 1024 * 1024;
/** Others were faster that often: the topic is too busy. */
const mostTries = 200;

/**
 * Topics: names that stand for the URLs subscribed to them. A topic is a record of the store, changed at its version;
 * nothing of it is kept here, so that every node sees a change at once.
 */
export class Topics {
  readonly #store: TopicStore;
  readonly #names: NameBook;
  readonly #nowMs: () => number;

  constructor(store: TopicStore, names: NameBook, nowMs: () => number) {
    this.#store = store;
    this.#names = names;
    this.#nowMs = nowMs;
  }

  /** @throws HoldfastError where the URL is subscribed already or names nothing known, or the topic has too many */
  async subscribe(topic: string, subscriber: Subscriber): Promise<void> {
    const trouble = this.#names.trouble(subscriber.url);
    if (trouble !== undefined) throw invalid('url', trouble);
    await this.#change(topic, (record) => {
      const subscribers = record === undefined ? [] : subscribersIn(record);
      if (subscribers.some(({ url }) => url === subscriber.url)) throw invalid('url', 'this url exists');
      const isFull =
        subscribers.length >= limits.steps ||
        (record?.value.length ?? 0) + JSON.stringify(subscriber).length > mostCharacters;
      if (isFull) {
        throw invalid(
          'topic',
          `must have at most ${limits.steps} subscribers, in at most ${mostCharacters} characters`,
        );
      }
      return [...subscribers, subscriber];
    });
  }

  /** @throws HoldfastError where the URL is not subscribed */
  async unsubscribe(topic: string, url: string): Promise<void> {
    await this.#change(topic, (record) => {
      if (record === undefined) throw notFound('topic', 'no such a topic');
      const subscribers = subscribersIn(record);
      if (subscribers.length === 0) throw notFound('topic', 'this topic is empty');
      const others = subscribers.filter((one) => one.url !== url);
      if (others.length === subscribers.length) throw notFound('url', 'no such an url');
      return others;
    });
  }

  /** @throws HoldfastError where there is none */
  async delete(topic: string): Promise<void> {
    if (!(await this.#store.deleteValue(category, topic).catch(refuse))) throw notFound('topic', 'no such a topic');
  }

  /**
   * Steps with the subscribers of now in the place of topics.
   * @throws HoldfastError `topic not found`, or where messages of this protocol cannot call a subscriber
   */
  async expand(steps: readonly Step[], protocol: string): Promise<readonly Step[]> {
    const topics = topicsOf(steps);
    const records = await Promise.all(topics.map((topic) => this.#store.getValue(category, topic))).catch(refuse);
    const urls = new Map<string, readonly string[]>();
    for (const record of records) {
      if (record !== undefined)
        urls.set(
          record.key,
          subscribersIn(record).map(({ url }) => url),
        );
    }
    return expandTopics(steps, protocol, (topic) => urls.get(topic) ?? []);
  }

  async #change(topic: string, change: (record: KeyValue | undefined) => readonly Subscriber[]): Promise<void> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const record = await this.#store.getValue(category, topic).catch(refuse);
      const value = JSON.stringify(change(record));
      const version = record?.version ?? 0;
      if (await this.#store.putValue(category, topic, value, version, this.#nowMs()).catch(refuse)) return;
    }
    throw new HoldfastError('UNAVAILABLE', 'the topic is being changed by others; try again', { retryAfterMs: 500 });
  }
}

function subscribersIn({ value }: KeyValue): readonly Subscriber[] {
  return JSON.parse(value);
}

function notFound(field: string, message: string): HoldfastError {
  return new HoldfastError('NOT_FOUND', `${field}: ${message}`, { field });
}
