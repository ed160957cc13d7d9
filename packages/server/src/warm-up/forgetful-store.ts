import type { Heard } from '../store/nodes.ts';
import type { ClaimResult, Counts, ListPage, Store, TakenAlerts, Write, WriteResult } from '../store/store.ts';

/** A store that says `done` to every write and keeps nothing. Only a coordinator that is thrown away may stand on it. */
export class ForgetfulStore implements Store {
  readonly name = 'forgetful';
  readonly exclusive = true;
  readonly format = 0;

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async ping(): Promise<void> {}
  async retire(): Promise<void> {}
  async alertTold(): Promise<void> {}

  async clockMs(): Promise<number> {
    return 0;
  }

  async commit(batch: readonly Write[]): Promise<readonly WriteResult[]> {
    return batch.map(() => 'done');
  }

  async load(gids: readonly string[]): Promise<readonly undefined[]> {
    return gids.map(() => undefined);
  }

  async claim(): Promise<ClaimResult> {
    return { claimed: [], nextDueMs: undefined };
  }

  async owned(): Promise<readonly never[]> {
    return [];
  }

  async makeDue(): Promise<boolean> {
    return false;
  }

  async makeManyDue(): Promise<{ readonly changed: number; readonly hasMore: boolean }> {
    return { changed: 0, hasMore: false };
  }

  async list(): Promise<ListPage> {
    return { transactions: [], next: '' };
  }

  async takeAlerts(): Promise<TakenAlerts> {
    return { taken: [], nextMs: undefined };
  }

  async purge(): Promise<number> {
    return 0;
  }

  async counts(): Promise<Counts> {
    const unfinished = { prepared: 0, submitted: 0, aborting: 0 };
    return { unfinished, incidents: 0, decisions: 0, owned: 0, due: 0, oldestDueMs: undefined };
  }

  heartbeat(): Promise<Heard> {
    return Promise.reject(new Error('nobody shares this store'));
  }

  async drain(): Promise<boolean> {
    return false;
  }

  async changed(): Promise<readonly never[]> {
    return [];
  }

  async getValue(): Promise<undefined> {}

  async listValues(): Promise<readonly never[]> {
    return [];
  }

  async putValue(): Promise<boolean> {
    return true;
  }

  async deleteValue(): Promise<boolean> {
    return false;
  }
}
