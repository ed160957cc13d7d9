import type { Store } from '../store/store.ts';

/** The clock of the server has jumped, and coordinators do not follow it yet. */
export interface SharedJump {
  /** How far it is ahead of engine time; less than 0: behind. */
  readonly aheadMs: number;
  /** When that was found, by the clock that has jumped. */
  readonly sinceServerMs: number;
}

type Values = Pick<Store, 'getValue' | 'putValue' | 'deleteValue'>;

/** Where coordinators tell it to those that start, who could not know that the clock is wrong. */
const category = 'cluster';
const key = 'clock';
/** Each finds it at another moment, at most so far apart. */
const foundWithinMs = 10_000;

/**
 * What others have told of the clock that shows `serverMs`. It is worth nothing once the clock has moved on by
 * `standsMs`: then all follow it. Nor is it where the clock was put right meanwhile.
 */
export async function toldJump(store: Values, serverMs: number, standsMs: number): Promise<SharedJump | undefined> {
  const stored = await store.getValue(category, key);
  const jump = stored && parsed(stored.value);
  if (jump === undefined) return undefined;
  const ageMs = serverMs - jump.sinceServerMs;
  return ageMs > -foundWithinMs && ageMs < standsMs ? jump : undefined;
}

/** Somebody else may tell it at the same moment: one of them is enough. */
export async function tellJump(store: Values, jump: SharedJump): Promise<void> {
  const stored = await store.getValue(category, key);
  const told = stored && parsed(stored.value);
  if (told !== undefined && Math.abs(told.sinceServerMs - jump.sinceServerMs) < foundWithinMs) return;
  await store.putValue(category, key, JSON.stringify(jump), stored?.version ?? 0, jump.sinceServerMs);
}

/** The clock is right. */
export async function forgetJump(store: Values): Promise<void> {
  await store.deleteValue(category, key);
}

/** Undefined: another program wrote it, which says more or less than this one knows. */
function parsed(text: string): SharedJump | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { aheadMs, sinceServerMs } = value as Record<string, unknown>;
  if (typeof aheadMs !== 'number' || typeof sinceServerMs !== 'number') return undefined;
  return { aheadMs, sinceServerMs };
}
