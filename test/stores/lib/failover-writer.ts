import assert from 'node:assert/strict';
import type { HostEvents } from '../../../packages/server/src/store/capabilities.ts';
import { aBeat, create } from '../../../packages/server/src/store/contract/fixtures.ts';
import { type Store, StoreError } from '../../../packages/server/src/store/store.ts';
import { until } from '../../lib/until.ts';

/** The limits of its store. */
export const writerLimits = { connections: 4, connectMs: 1000, commitMs: 1000, readMs: 5000 } as const;

/** A coordinator, as far as its store sees it: it says that it lives, and writes. */
export class FailoverWriter {
  readonly store: Store;
  readonly told: string[] = [];
  readonly #name: string;
  #written = 0;
  #stopBeating: () => Promise<void> = async () => undefined;

  constructor(name: string, store: Store & { watchHosts(events: HostEvents): void }) {
    this.#name = name;
    this.store = store;
    store.watchHosts({
      warned: (message) => this.told.push(message),
      split: (incident) => this.told.push(incident ?? 'whole again'),
    });
  }

  /** The last that was told of a split. */
  get incident(): string {
    return this.told.filter((text) => /split|whole/.test(text)).at(-1) ?? '';
  }

  async open(): Promise<this> {
    await this.store.open();
    await this.store.heartbeat(aBeat(this.#name));
    return this;
  }

  /** From now on, more often than coordinators do. */
  beat(): void {
    let isOver = false;
    const beating = (async () => {
      while (!isOver) {
        await this.store.heartbeat(aBeat(this.#name)).catch(asStoreError);
        // The pace of heartbeats.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })();
    this.#stopBeating = async () => {
      isOver = true;
      await beating;
    };
  }

  /** As the journal does it: the same again until it is known. @returns its gid */
  async write(): Promise<string> {
    this.#written += 1;
    const gid = `${this.#name}-${this.#written}`;
    const one = create(gid);
    await until('it is written', () =>
      this.store.commit([one]).then(
        ([result]) => {
          assert.equal(result, 'done');
          return true;
        },
        (error: unknown) => {
          asStoreError(error);
          return false;
        },
      ),
    );
    return gid;
  }

  /** Resolves once a write is refused with these words. */
  untilRefused(words: RegExp): Promise<void> {
    return until('it is refused', () =>
      this.store.commit([create('refused')]).then(
        () => assert.fail('it was written'),
        (error: unknown) => error instanceof StoreError && words.test(error.message),
      ),
    );
  }

  async close(): Promise<void> {
    await this.#stopBeating();
    await this.store.close();
  }
}

function asStoreError(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}
