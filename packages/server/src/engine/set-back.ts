import type { ClockSettable } from '../store/capabilities.ts';
import type { Store } from '../store/store.ts';
import { clockKey, newRecord, parseRecord } from './clock-record.ts';

/** What the clock of a store shows: the highest time that was written, or the last that the coordinator has left there. */
export async function storedClockMs(store: Pick<Store, 'clockMs' | 'getValue'>): Promise<number> {
  const known = await store.getValue(clockKey.category, clockKey.name);
  return Math.max(await store.clockMs(), parseRecord(known?.value).engineMs);
}

/**
 * Puts a stored clock right that is ahead of `toMs`, with all that was written since it was: nobody else has the store
 * open. What was not done when the process died is done by the next call.
 *
 * @returns how many transactions were changed
 */
export async function setClockBack(store: Store & ClockSettable, toMs: number): Promise<number> {
  const changed = await store.setBack({ afterMs: toMs, byMs: (await storedClockMs(store)) - toMs });
  const known = await store.getValue(clockKey.category, clockKey.name);
  const record = JSON.stringify({ ...newRecord, engineMs: toMs });
  await store.putValue(clockKey.category, clockKey.name, record, known?.version ?? 0, toMs);
  return changed;
}
