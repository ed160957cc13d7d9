import type { ArrivedCall } from './participant.ts';
import type { Random } from './random.ts';

/** When in its life the coordinator is killed. */
export type Moment =
  /** So long after its start, ready or not. */
  | { readonly at: 'start-up'; readonly afterMs: number }
  /** At that call of its life, counted from its first: it is claiming what its last life left. */
  | { readonly at: 'recovery'; readonly calls: number }
  /** At that call after all it had in flight has resumed. */
  | { readonly at: 'load'; readonly calls: number }
  /** At that call of one operation, so that compensations, second phases, queries and callbacks are cut too. */
  | { readonly at: 'operation'; readonly op: string; readonly calls: number };

const deck = [
  'start-up',
  'load',
  'recovery',
  'operation',
  'load',
  'start-up',
  'operation',
  'recovery',
  'recovery',
  'operation',
  'load',
  'operation',
] as const;

/** The kinds take turns, so that a short run has all of them, and some twice in a row; the rest is chance. */
export function randomMoment(random: Random, round: number): Moment {
  const at = deck[round % deck.length] ?? 'load';
  switch (at) {
    case 'start-up':
      return { at, afterMs: random.whole(50, 700) };
    case 'recovery':
      return { at, calls: random.whole(1, 30) };
    case 'load':
      return { at, calls: random.whole(100, 3000) };
    case 'operation': {
      const op = random.weighted([
        [3, 'compensate'],
        [2, 'confirm'],
        [2, 'cancel'],
        [2, 'commit'],
        [1, 'rollback'],
        [1, 'transfer'],
        [1, 'msg'],
      ] as const);
      return { at, op, calls: random.whole(1, op === 'msg' || op === 'transfer' ? 10 : 100) };
    }
    default:
      return at satisfies never;
  }
}

/** Counts calls down and lets go of whoever waits within the very call, before it is answered. */
export class Countdown {
  #left = 0;
  #op: string | undefined;
  #reached: (() => void) | undefined;

  /** Resolves at the `calls`-th call from now (of that operation, if one is named); rejects where they do not come. */
  wait(calls: number, op?: string, limitMs = 30_000): Promise<void> {
    this.#left = calls;
    this.#op = op;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`waited ${limitMs} ms in vain for ${calls} calls of ${op ?? 'any operation'}`)),
        limitMs,
      );
      this.#reached = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  }

  called({ op }: Pick<ArrivedCall, 'op'>): void {
    if (this.#reached === undefined || (this.#op !== undefined && this.#op !== op)) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#reached();
    this.#reached = undefined;
  }
}
