import type { BranchCall, CallResult, Timer } from '../../engine/ports.ts';
import type { Route } from './origin.ts';

/** A call that was asked for and has not ended: it waits in its route's list, or is in flight. */
export interface PendingCall {
  readonly call: BranchCall;
  readonly route: Route;
  /** Of payload; text is counted as one byte a character. */
  readonly bytes: number;
  readonly mayGo: () => boolean;
  readonly done: (result: CallResult) => void;
  /** While it waits: ends the waiting after the call's own time-out. */
  timer: Timer | undefined;
  previous: PendingCall | undefined;
  next: PendingCall | undefined;
}

/** First in, first out, and out of the middle in constant time: a doubly linked list. */
export class WaitingList {
  #first: PendingCall | undefined;
  #last: PendingCall | undefined;

  get first(): PendingCall | undefined {
    return this.#first;
  }

  add(pending: PendingCall): void {
    pending.previous = this.#last;
    if (this.#last === undefined) this.#first = pending;
    else this.#last.next = pending;
    this.#last = pending;
  }

  remove(pending: PendingCall): void {
    const { previous, next } = pending;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    pending.previous = undefined;
    pending.next = undefined;
  }
}
