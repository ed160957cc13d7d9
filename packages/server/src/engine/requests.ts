import { HoldfastError, moveAsked, type Ruling, type Status, type Transaction } from '@holdfast/core';
import type { Calls } from './calls.ts';
import type { EngineClock } from './clock.ts';
import type { Flush } from './flush.ts';
import type { JournalResult } from './journal.ts';
import type { Row } from './row.ts';

/** A change asked for from outside. */
export interface Request {
  readonly change: (transaction: Transaction) => Ruling;
  /** Where it is so already: make it due now. */
  readonly wake: boolean;
  readonly done: (answer: Answer) => void;
}

/** `gone`: the actor left before it could be decided: ask the store. `given-up`: the store cannot write it now. */
export type Answer = Transaction | HoldfastError | 'gone' | 'given-up';

/** What requests are served with. */
export interface RequestsParts {
  readonly clock: EngineClock;
  readonly row: Row;
  readonly calls: Calls;
  readonly flush: Flush;
}

/** Who drives the transaction. */
export interface RequestsDriver {
  /** It is to be made due. */
  woken(): void;
  /** A change is durable; before it the status was `from`. */
  changed(from: Status): void;
  /** Nothing was changed. */
  gaveUp(): void;
  /** Somebody else has changed the row. */
  reload(): void;
}

/** The requests of one driver: each is decided on the committed state, and answered when its effect is durable. */
export class Requests {
  readonly #parts: RequestsParts;
  readonly #driver: RequestsDriver;
  readonly #waiting: Request[] = [];
  #isOver = false;

  constructor(parts: RequestsParts, driver: RequestsDriver) {
    this.#parts = parts;
    this.#driver = driver;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(request: Request): void {
    this.#waiting.push(request);
  }

  /** Decides the next one; nothing may be under way with the store. True: it is answered, and nothing is written. */
  serve(): boolean {
    const [request] = this.#waiting;
    if (request === undefined) return false;
    const { clock, row, calls, flush } = this.#parts;
    const change = request.change(row.transaction);
    this.#waiting.shift();
    if (change instanceof HoldfastError || change === 'nothing') {
      if (change === 'nothing' && request.wake) this.#driver.woken();
      request.done(change === 'nothing' ? row.transaction : change);
      return true;
    }
    const from = row.transaction.progress.status;
    row.apply(change.kind === 'stopped' ? { ...change, cut: calls.sent } : change);
    // What an operator decided and the move that it calls for are one write.
    const move = moveAsked(row.transaction, calls.out, clock.nowMs());
    if (move !== undefined) row.apply(move);
    if (row.transaction.progress.status !== from) calls.withdraw();
    const definition = change.kind === 'submitted' ? change.amended?.definition : undefined;
    flush.stop();
    row.tryWrite((result) => this.#served(request, result, from), definition);
    return false;
  }

  /** The driver has left. */
  end(): void {
    this.#isOver = true;
    for (const { done } of this.#waiting.splice(0)) done('gone');
  }

  #served(request: Request, result: JournalResult, from: Status): void {
    if (result === 'done') {
      request.done(this.#parts.row.durable);
      this.#driver.changed(from);
    } else if (this.#isOver) request.done('gone');
    else if (result === 'given-up') {
      request.done('given-up');
      this.#driver.gaveUp();
    } else {
      // Not decided: what is stored has changed. It is asked again on what is read then, or of the store.
      this.#waiting.unshift(request);
      this.#driver.reload();
    }
  }
}
