import { setTimeout as pause } from 'node:timers/promises';
import type { Stuck, WriteResult } from '../store.ts';
import type { EncodedWrite } from './encoded-write.ts';
import { RemoteError } from './judged.ts';

/** What came of each write. */
export type Results = readonly (WriteResult | Stuck)[];

/** One durable message. @throws RemoteError; only `unknown` may have written something */
export type Send = (writes: readonly EncodedWrite[]) => Promise<Results>;

/** How often a write that met another transaction is issued at once. */
const tries = 4;
const firstPauseMs = 5;

/**
 * A batch that fails as a whole for the sake of one write is divided, so that this one fails alone: one that waits for a
 * lock that somebody holds, or holds what the server cannot store.
 *
 * @throws RemoteError of what is the fault of no row; `unknown` where a part of the batch may have been written
 */
export async function commitDivided(writes: readonly EncodedWrite[], send: Send): Promise<Results> {
  try {
    return await issueAgain(() => send(writes));
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    if (writes.length < 2) return alone(error);
    switch (error.judgement) {
      case 'locked':
      case 'again':
        return whole(writes.map((write) => commitDivided([write], send)));
      case 'data': {
        const middle = Math.ceil(writes.length / 2);
        const halves = [writes.slice(0, middle), writes.slice(middle)];
        return whole(halves.map((half) => commitDivided(half, send)));
      }
      default:
        throw error;
    }
  }
}

/**
 * Writes that need another format than the others go by themselves: they may be stuck together.
 * @throws RemoteError
 */
export async function commitByNeeds(writes: readonly EncodedWrite[], send: Send): Promise<Results> {
  const all = new Set(writes.map(({ write }) => write.needs ?? 0));
  if (all.size < 2) return commitDivided(writes, send);
  const groups = [...all].map((needs) =>
    [...writes.keys()].filter((place) => (writes[place]?.write.needs ?? 0) === needs),
  );
  const parts = groups.map((places) => places.flatMap((place) => writes[place] ?? []));
  const done = await whole(parts.map((part) => commitDivided(part, send)));
  const results: (WriteResult | Stuck)[] = [];
  for (const [at, place] of groups.flat().entries()) results[place] = done[at] ?? 'conflict';
  return results;
}

/** What came of all parts, once each has ended: where some are written, a batch that failed was not surely left undone. */
async function whole(parts: readonly Promise<Results>[]): Promise<Results> {
  const ended = await Promise.allSettled(parts);
  const failed = ended.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  const [first] = failed;
  if (first === undefined) return ended.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  if (failed.length === parts.length) throw failed.find(isUnknown) ?? first;
  throw new RemoteError('unknown', `only a part of a batch was written: ${String(first)}`, first);
}

const isUnknown = (error: unknown) => !(error instanceof RemoteError) || error.judgement === 'unknown';

/** Of a lone write: what is the fault of its row alone keeps no other waiting. */
function alone(error: RemoteError): Results {
  if (error.judgement !== 'locked' && error.judgement !== 'again' && error.judgement !== 'data') throw error;
  return [{ stuck: error.message }];
}

/** A deadlock or a serialization failure has written nothing, and is over when it is reported. @throws what `issue` throws last */
export async function issueAgain<T>(issue: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await issue();
    } catch (error) {
      if (!(error instanceof RemoteError) || error.judgement !== 'again' || attempt >= tries) throw error;
      await pause(firstPauseMs * attempt);
    }
  }
}
