import type {
  AskedCall,
  BranchCall,
  Cuttable,
  Runtime,
  Sender,
  SendingCall,
  SentAnswer,
  Timer,
} from '../../engine/ports.ts';
import type { BreakerTicket } from './breaker.ts';
import type { Linked } from './linked-list.ts';

/** Whether a call may be out for long, by its time-out. */
export type CallLength = 'short' | 'long';

/** Whoever takes calls on. */
export interface CallKeeper<Place> {
  /** The sender has ended it. */
  ended(pending: PendingCall<Place>, answer: SentAnswer): void;
  /** It waits, and whoever asked for it does not want it any more. */
  withdrawn(pending: PendingCall<Place>): void;
}

/**
 * A call that was asked for and has not ended: the one object from whoever asked to the sender. It goes from `waiting`
 * to `sending` (within `Sender.send`), to `out`, to `ended`; a call that finds a slot at once does not wait, and one
 * that is refused is never sent.
 */
export class PendingCall<Place> implements SendingCall, Cuttable, Linked<PendingCall<Place>> {
  readonly asked: AskedCall;
  readonly call: BranchCall;
  readonly place: Place;
  readonly length: CallLength;
  /** Of payload; text is counted as one byte a character. */
  readonly bytes: number;
  readonly #keeper: CallKeeper<Place>;
  #state: 'waiting' | 'sending' | 'out' | 'ended' = 'waiting';
  #sent: Cuttable | undefined;
  /** What came while it was being sent. */
  #early: SentAnswer | undefined;
  /** While it waits: ends the waiting after the call's own time-out. */
  timer: Timer | undefined;
  previous: PendingCall<Place> | undefined;
  next: PendingCall<Place> | undefined;
  /** Of the breakers of its origin and its route. */
  originTicket: BreakerTicket = 0;
  routeTicket: BreakerTicket = 0;

  /** When it was given its slot, in monotonic time. */
  begunMs = 0;

  constructor(keeper: CallKeeper<Place>, asked: AskedCall, place: Place, length: CallLength) {
    this.#keeper = keeper;
    this.asked = asked;
    this.call = asked.call;
    this.place = place;
    this.length = length;
    this.bytes = asked.call.payload.length;
  }

  mayGo(): boolean {
    return this.asked.mayGo();
  }

  /** Its keeper hears of its end once and later, however the sender behaves. */
  send(sender: Sender, runtime: Runtime): void {
    this.#state = 'sending';
    try {
      this.#sent = sender.send(this);
    } catch (error) {
      // A defect of the sender ends this call, as an error; its slot must not be lost for ever.
      const outcome = { kind: 'error', message: `the call could not be made: ${error}`, retryAfterMs: 0 } as const;
      this.#early ??= { outcome, durationMs: 0, health: 'ok' };
    }
    const answer = this.#early;
    this.#state = answer === undefined ? 'out' : 'ended';
    if (answer !== undefined) runtime.soon(() => this.#keeper.ended(this, answer));
  }

  ended(answer: SentAnswer): void {
    if (this.#state === 'sending') this.#early ??= answer;
    if (this.#state !== 'out') return;
    this.#state = 'ended';
    this.#keeper.ended(this, answer);
  }

  cut(): void {
    if (this.#state === 'out') this.#sent?.cut();
    else if (this.#state === 'waiting') this.#keeper.withdrawn(this);
  }

  /** It will not be sent. */
  refuse(): void {
    this.#state = 'ended';
  }
}
