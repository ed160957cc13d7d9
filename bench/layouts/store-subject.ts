import type { Progress } from '@holdfast/core';
import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import { type Store, StoreError, type UpdateWrite } from 'holdfast/store/store';
import { dueSaga, finished } from '../fill.ts';
import { storeSettings } from '../stores.ts';
import { type Batch, claimRows, node, type Saga, type Subject } from './subject.ts';

const maxBytes = 256 * 1024 * 1024;
const ownedRows = 1000;
/** On a machine that does much else whatever takes so long is measured, and not given up. */
const patience = { 'store.commitTimeoutMs': '60000', 'store.readTimeoutMs': '60000' };

/** The store itself, with what a coordinator asks of it. */
export class StoreSubject implements Subject {
  readonly name = 'store';
  readonly #store: Store;

  private constructor(store: Store) {
    this.#store = store;
  }

  static async open(url: string): Promise<StoreSubject> {
    const store = await createStore(loadSettings({ flags: { ...storeSettings('postgres', url), ...patience } }));
    await store.open();
    return new StoreSubject(store);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async write(_writer: number, { created, ended, slept, dueMs }: Batch): Promise<void> {
    const nowMs = Date.now();
    const writes = [
      ...created.map((gid) => ({ ...dueSaga(gid, nowMs), owner: node })),
      ...ended.map((saga) => ofUpdate(saga, 'end', finished(progressOf(saga, nowMs)))),
      ...slept.map((saga) => ofUpdate(saga, 'sleep', { ...progressOf(saga, nowMs), dueMs })),
    ];
    for (const result of await this.#store.commit(writes)) {
      if (result !== 'done') throw new Error(`a write was not done: ${JSON.stringify(result)}`);
    }
  }

  async claim(): Promise<readonly Saga[]> {
    const nowMs = Date.now();
    const { claimed } = await this.#store.claim({ incarnation: node, nowMs, dead: [], maxCount: claimRows, maxBytes });
    return claimed.map(({ definition, version }) => ({ gid: definition.gid, version }));
  }

  async beat(): Promise<void> {
    await this.#store.heartbeat({ incarnation: node, node, version: '0.0.0', isDraining: false }).catch(late);
  }

  async look(): Promise<void> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: Awaited<ReturnType<Store['owned']>> = await this.#store.owned(node, after, ownedRows);
      after = rows.length < ownedRows ? undefined : rows.at(-1)?.place;
    }
  }
}

/** A heartbeat is given up after less than a second: how long it took is what counts here. */
function late(error: unknown): void {
  if (!(error instanceof StoreError) || error.code !== 'unknown-outcome') throw error;
}

const progressOf = ({ gid }: Saga, nowMs: number): Progress => dueSaga(gid, nowMs).progress;

/** It has no owner afterwards. */
function ofUpdate({ gid, version }: Saga, what: string, progress: Progress): UpdateWrite {
  const expected = { expectOwner: node, expectVersion: version };
  return { kind: 'update', gid, token: `${what}:${gid}`, ...expected, owner: null, progress };
}
