import type { DestinationLimits } from './limits.ts';

/** `half-open`: one probe is under way; its result decides. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Names the state a call went out in: a result that belongs to an earlier state changes nothing. */
export type BreakerTicket = number;

/**
 * A circuit breaker, pure: time comes in.
 *
 * | from | when | to |
 * |---|---|---|
 * | closed | so many failures in a row | open, for `breakerOpenMs` |
 * | open | that time has passed and a call goes out | half-open |
 * | half-open | the probe succeeds | closed |
 * | half-open | the probe fails | open, for twice as long as last time |
 * | half-open | the probe says nothing about this destination, or was not made | open, the next call probes |
 * | half-open | the probe has no result for `breakerOpenMaxMs` | half-open, the next call probes as well |
 */
export class Breaker {
  readonly #limits: DestinationLimits;
  #state: BreakerState = 'closed';
  #ticket: BreakerTicket = 0;
  #failures = 0;
  #openForMs: number;
  #openUntilMs = 0;
  #openedMs = 0;
  /** When the last call went out: while half-open, the last probe. */
  #begunMs = 0;

  constructor(limits: DestinationLimits) {
    this.#limits = limits;
    this.#openForMs = limits.breakerOpenMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** While it is not closed: since when. */
  get openedMs(): number {
    return this.#openedMs;
  }

  /** While open: when the next probe may go. */
  get openUntilMs(): number {
    return this.#openUntilMs;
  }

  /** When a call that is refused now may be worth another try at the earliest: at the next probe, or after this one. */
  retryMs(nowMs: number): number {
    return this.#state === 'half-open' ? nowMs + this.#limits.breakerOpenMs : this.#openUntilMs;
  }

  /** Whether a call may go out now. */
  admits(nowMs: number): boolean {
    switch (this.#state) {
      case 'closed':
        return true;
      case 'open':
        return nowMs >= this.#openUntilMs;
      case 'half-open':
        // A call may take as long as its transaction lets it: nobody else waits for that.
        return nowMs >= this.#begunMs + this.#limits.breakerOpenMaxMs;
      default:
        return this.#state satisfies never;
    }
  }

  /** A call that was admitted goes out. */
  begin(nowMs: number): BreakerTicket {
    if (this.#state === 'open') this.#move('half-open');
    this.#begunMs = nowMs;
    return this.#ticket;
  }

  /** True: it has closed just now. */
  succeeded(ticket: BreakerTicket): boolean {
    if (ticket !== this.#ticket) return false;
    this.#failures = 0;
    if (this.#state !== 'half-open') return false;
    this.#openForMs = this.#limits.breakerOpenMs;
    this.#move('closed');
    return true;
  }

  /** True: it has opened just now. */
  failed(ticket: BreakerTicket, nowMs: number): boolean {
    if (ticket !== this.#ticket || this.#state === 'open') return false;
    this.#failures += 1;
    if (this.#state === 'half-open') this.#openForMs = Math.min(this.#openForMs * 2, this.#limits.breakerOpenMaxMs);
    else if (this.#failures < this.#limits.breakerFailures) return false;
    if (this.#state === 'closed') this.#openedMs = nowMs;
    this.#openUntilMs = nowMs + this.#openForMs;
    this.#move('open');
    return true;
  }

  /** The call was not made, or says nothing about this destination. */
  withdrawn(ticket: BreakerTicket): void {
    if (ticket === this.#ticket && this.#state === 'half-open') this.#move('open');
  }

  #move(to: BreakerState): void {
    this.#state = to;
    this.#ticket += 1;
    if (to === 'closed') this.#failures = 0;
  }
}
