import { HoldfastError } from '@holdfast/core';
import type { ActiveLimits } from './active-room.ts';
import type { Incarnation } from './incarnation.ts';
import type { Journal } from './journal.ts';
import { cannotWrite } from './refusals.ts';

export interface AdmissionContext {
  readonly journal: Journal;
  readonly limits: ActiveLimits;
  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation;
  isStopping(): boolean;
  /** How long requests wait for their turn now. */
  turnMs(): number;
}

/** Where requests wait longer than this for their turn, more is asked for than can be done: what is new is refused. */
const longestTurnMs = 500;
/** Of the transactions that may be active, what new ones may take: the rest is left to recovery. */
const createShare = 0.8;

/** Whether there is room now for what is asked for. */
export class Admission {
  readonly #context: AdmissionContext;

  constructor(context: AdmissionContext) {
    this.#context = context;
  }

  /** @throws HoldfastError UNAVAILABLE where nobody can be served now, whether new or stored */
  refuseWithoutJournal(): void {
    const { pressure, trouble } = this.#context.journal;
    if (trouble !== undefined) throw cannotWrite(trouble);
    if (pressure === 'hard') throw cannotWrite('too many writes are waiting for it');
  }

  /** Why nothing new is created now, or undefined. A stored gid is served all the same. */
  refusalOfNew(): HoldfastError | undefined {
    if (this.#context.isStopping()) {
      return new HoldfastError('UNAVAILABLE', 'the coordinator is shutting down', { retryAfterMs: 2000 });
    }
    const { maxActive, maxActiveBytes } = this.#context.limits;
    const { activeCount, activeBytes } = this.#context.live();
    const isFull = activeCount >= maxActive * createShare || activeBytes >= maxActiveBytes * createShare;
    const isBehind = this.#context.turnMs() > longestTurnMs;
    if (!isFull && !isBehind && this.#context.journal.pressure === 'free') return undefined;
    return new HoldfastError('OVERLOADED', 'the coordinator takes no new transactions for now', { retryAfterMs: 1000 });
  }

  /** Whether one more may be driven now. */
  hasRoom(): boolean {
    const { maxActive, maxActiveBytes } = this.#context.limits;
    const { activeCount, activeBytes } = this.#context.live();
    return activeCount < maxActive && activeBytes < maxActiveBytes;
  }
}
