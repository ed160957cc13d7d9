import type { ClockSettable } from '../store/capabilities.ts';
import type { Store } from '../store/store.ts';
import { clockKey, newRecord } from './clock-record.ts';
import { storedClockMs, storedRecord } from './stored-clock.ts';

/**
 * Puts a stored clock right that is ahead of `toMs`, with all that was written since it was: nobody else has the store
 * open. What was not done when the process died is done by the next call.
 *
 * @returns how many transactions were changed
 */
export async function setClockBack(store: Store & ClockSettable, toMs: number): Promise<number> {
  const changed = await store.setBack({ afterMs: toMs, byMs: (await storedClockMs(store)) - toMs });
  const { version } = await storedRecord(store);
  const record = JSON.stringify({ ...newRecord, engineMs: toMs });
  await store.putValue(clockKey.category, clockKey.name, record, version, toMs);
  return changed;
}
