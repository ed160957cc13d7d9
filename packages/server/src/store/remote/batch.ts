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
 * @throws RemoteError of what is the fault of no row
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
        return (await Promise.all(writes.map((write) => commitDivided([write], send)))).flat();
      case 'data': {
        const middle = Math.ceil(writes.length / 2);
        const halves = [writes.slice(0, middle), writes.slice(middle)];
        return (await Promise.all(halves.map((half) => commitDivided(half, send)))).flat();
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
  const results: (WriteResult | Stuck)[] = [];
  await Promise.all(
    [...all].map(async (needs) => {
      const places = [...writes.keys()].filter((place) => (writes[place]?.write.needs ?? 0) === needs);
      const done = await commitDivided(
        places.flatMap((place) => writes[place] ?? []),
        send,
      );
      for (const [at, place] of places.entries()) results[place] = done[at] ?? 'conflict';
    }),
  );
  return results;
}

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
