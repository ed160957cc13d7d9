import { type Store, StoreError } from '../store/store.ts';
import { type ClockRecord, clockKey, parseRecord } from './clock-record.ts';

type ClockStore = Pick<Store, 'getValue' | 'deleteValue'>;

/** The record of the clock, and the version that it is written at next. */
export async function storedRecord(store: ClockStore): Promise<{ record: ClockRecord; version: number }> {
  const known = await readable(store);
  return { record: parseRecord(known?.value), version: known?.version ?? 0 };
}

/** What the clock of a store shows: the highest time that was written, or the last that the coordinator has left there. */
export async function storedClockMs(store: ClockStore & Pick<Store, 'clockMs'>): Promise<number> {
  const { record } = await storedRecord(store);
  return Math.max(await store.clockMs(), record.engineMs);
}

/** A damaged record is made anew: what the transactions carry still tells the time. */
async function readable(store: ClockStore): ReturnType<ClockStore['getValue']> {
  try {
    return await store.getValue(clockKey.category, clockKey.name);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'version') throw error;
    await store.deleteValue(clockKey.category, clockKey.name);
    return undefined;
  }
}
