import { expandTopics, HoldfastError, invalid, limits, type Step, topicsOf } from '@holdfast/core';
import { type KeyValue, type Store, StoreError } from '../store/store.ts';
import type { NameBook, Runtime } from './ports.ts';
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
/** Changes of one topic that may wait for each other on this node. */
const mostWaiting = 1000;
/** How long a write of unknown outcome is issued again before its client is told so. */
const unknownMs = 60_000;
const firstRetryMs = 20;
const lastRetryMs = 1000;

/** What becomes of the subscribers of a topic. */
interface Change {
  /** They are as it would make them. */
  isDone(subscribers: readonly Subscriber[]): boolean;
  /** @throws HoldfastError where they cannot be changed so, or are so already */
  make(subscribers: readonly Subscriber[] | undefined, characters: number): readonly Subscriber[];
}

/**
 * Topics: names that stand for the URLs subscribed to them. A topic is a record of the store, changed at its version;
 * nothing of it is kept here, so that every node sees a change at once.
 */
export class Topics {
  readonly #store: TopicStore;
  readonly #names: NameBook;
  readonly #nowMs: () => number;
  /** Of the machine. */
  readonly #runtime: Pick<Runtime, 'monotonicMs' | 'setTimer'>;
  /** By topic, while any waits: how many changes there are, and the end of the last. */
  readonly #changes = new Map<string, { readonly count: number; readonly last: Promise<void> }>();

  constructor(
    store: TopicStore,
    names: NameBook,
    nowMs: () => number,
    runtime: Pick<Runtime, 'monotonicMs' | 'setTimer'>,
  ) {
    this.#store = store;
    this.#names = names;
    this.#nowMs = nowMs;
    this.#runtime = runtime;
  }

  /** @throws HoldfastError where the URL is subscribed already or names nothing known, or the topic has too many */
  async subscribe(topic: string, subscriber: Subscriber): Promise<void> {
    const trouble = this.#names.trouble(subscriber.url);
    if (trouble !== undefined) throw invalid('url', trouble);
    const has = (subscribers: readonly Subscriber[]) => subscribers.some(({ url }) => url === subscriber.url);
    await this.#change(topic, {
      isDone: has,
      make: (subscribers = [], characters) => {
        if (has(subscribers)) throw invalid('url', 'this url exists');
        const isFull =
          subscribers.length >= limits.steps || characters + JSON.stringify(subscriber).length > mostCharacters;
        if (isFull) {
          throw invalid(
            'topic',
            `must have at most ${limits.steps} subscribers, in at most ${mostCharacters} characters`,
          );
        }
        return [...subscribers, subscriber];
      },
    });
  }

  /** @throws HoldfastError where the URL is not subscribed */
  async unsubscribe(topic: string, url: string): Promise<void> {
    await this.#change(topic, {
      isDone: (subscribers) => subscribers.every((one) => one.url !== url),
      make: (subscribers) => {
        if (subscribers === undefined) throw notFound('topic', 'no such a topic');
        if (subscribers.length === 0) throw notFound('topic', 'this topic is empty');
        const others = subscribers.filter((one) => one.url !== url);
        if (others.length === subscribers.length) throw notFound('url', 'no such an url');
        return others;
      },
    });
  }

  /** @throws HoldfastError where there is none */
  async delete(topic: string): Promise<void> {
    const { answer, wasUnknown } = await this.#surely(() => this.#store.deleteValue(category, topic));
    if (!answer && !wasUnknown) throw notFound('topic', 'no such a topic');
  }

  /**
   * Steps with the subscribers of now in the place of topics.
   * @throws HoldfastError `topic not found`, or where messages of this protocol cannot call a subscriber
   */
  async expand(steps: readonly Step[], protocol: string): Promise<readonly Step[]> {
    const topics = topicsOf(steps);
    const records = await Promise.all(topics.map((topic) => this.#record(topic)));
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

  /** @param mayBeDone a write before may have been done: whoever asked for it must not be refused for want of an answer */
  async #record(topic: string, mayBeDone = false): Promise<KeyValue | undefined> {
    const read = () =>
      this.#store.getValue(category, topic).catch((error: unknown) => {
        throw error instanceof StoreError && error.code === 'version' ? damagedTopic(error) : error;
      });
    return (await this.#surely(read, mayBeDone)).answer;
  }

  /**
   * Changes of one topic on this node go one after the other. At once each would win one round and the others write in
   * vain: hundreds of subscribers would give up, after thousands of writes that others wait for.
   */
  async #change(topic: string, change: Change): Promise<void> {
    const { count, last } = this.#changes.get(topic) ?? { count: 0, last: Promise.resolve() };
    if (count >= mostWaiting) throw tooBusy();
    const turn = last.then(() => this.#write(topic, change));
    // The client of this change is told of its failure; the next change goes on in any case.
    const end = turn.catch(() => undefined).then(() => this.#ended(topic));
    this.#changes.set(topic, { count: count + 1, last: end });
    await turn;
  }

  #ended(topic: string): void {
    const changes = this.#changes.get(topic);
    if (changes === undefined || changes.count === 1) this.#changes.delete(topic);
    else this.#changes.set(topic, { ...changes, count: changes.count - 1 });
  }

  /**
   * Another node may change the topic meanwhile: then once more, from what it wrote. Where it is not known whether a former
   * write of this change was done, it was if what is stored shows it.
   */
  async #write(topic: string, change: Change): Promise<void> {
    let mayBeDone = false;
    for (let tries = 0; tries < mostTries; tries += 1) {
      const record = await this.#record(topic, mayBeDone);
      const subscribers = record === undefined ? undefined : subscribersIn(record);
      if (mayBeDone && change.isDone(subscribers ?? [])) return;
      const value = JSON.stringify(change.make(subscribers, record?.value.length ?? 0));
      const version = record?.version ?? 0;
      const put = () => this.#store.putValue(category, topic, value, version, this.#nowMs());
      const { answer, wasUnknown } = await this.#surely(put);
      if (answer) return;
      mayBeDone ||= wasUnknown;
    }
    throw tooBusy();
  }

  /** A conditional write of unknown outcome is issued again until the store knows: only that decides. */
  async #surely<Answer>(
    ask: () => Promise<Answer>,
    mayBeDone = false,
  ): Promise<{ answer: Answer; wasUnknown: boolean }> {
    const untilMs = this.#runtime.monotonicMs() + unknownMs;
    let wasUnknown = mayBeDone;
    for (let pauseMs = firstRetryMs; ; pauseMs = Math.min(pauseMs * 2, lastRetryMs)) {
      try {
        return { answer: await ask(), wasUnknown };
      } catch (error) {
        if (error instanceof HoldfastError) throw error;
        wasUnknown ||= error instanceof StoreError && error.code === 'unknown-outcome';
        if (!wasUnknown) refuse(error);
        if (this.#runtime.monotonicMs() > untilMs) throw unknown(error);
        await new Promise<void>((resolve) => this.#runtime.setTimer(pauseMs, resolve));
      }
    }
  }
}

function unknown(cause: unknown): HoldfastError {
  const what = 'the store does not answer: it is not known whether the topic was changed';
  return new HoldfastError('UNAVAILABLE', what, { retryAfterMs: 1000, cause });
}

function tooBusy(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'the topic is being changed by others; try again', { retryAfterMs: 500 });
}

function subscribersIn({ value }: KeyValue): readonly Subscriber[] {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw damagedTopic(cause);
  }
}

function damagedTopic(cause: unknown): HoldfastError {
  const what = 'topic: what is stored of it is damaged: delete the topic and subscribe again, or restore a backup';
  return new HoldfastError('INTERNAL', what, { cause });
}

function notFound(field: string, message: string): HoldfastError {
  return new HoldfastError('NOT_FOUND', `${field}: ${message}`, { field });
}
