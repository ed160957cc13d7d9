/**
 * Services close connections without a call whenever they like. A call that is written at that moment is lost with its
 * connection, and that says nothing about the service. Times are in milliseconds of the machine's monotonic clock.
 */

/** How a connection ended while it had a call. */
export interface LostCall {
  /** The connection had served an exchange before this one. */
  readonly isReused: boolean;
  /** A byte of the answer has come. */
  readonly hasAnswerBegun: boolean;
  /** The call has been sent a second time already. */
  readonly isSecond: boolean;
  /** From the last byte of the call that was written until the end was seen; 0 where bytes still waited. */
  readonly sinceWrittenMs: number;
}

/** An end that comes this soon was under way when the call was written. A later one may be the death of a service. */
const underWayMs = 100;

/**
 * Whether the connection was closing when the call was written on it. Then the call may be sent again at once, one time,
 * on a new connection, and neither the service nor the call is charged for it. Any other end is an error of the call.
 */
export function wasClosing({ isReused, hasAnswerBegun, isSecond, sinceWrittenMs }: LostCall): boolean {
  return isReused && !hasAnswerBegun && !isSecond && sinceWrittenMs <= underWayMs;
}

/** Of such a call, for whoever reads its attempt. */
export function noteOfClosing(wasSentTwice: boolean): string {
  const why = 'the service was closing the connection when the call was written on it, and had answered nothing';
  return wasSentTwice ? `sent twice: ${why}` : `not sent a second time, though ${why}`;
}

/** A larger body is not sent on a connection that has been idle for longer: to send it again costs too much. */
const largeBodyBytes = 64 * 1024;
const trustedIdleMs = 1000;

/** Whether a body may go out on a connection that has been idle for so long. */
export function isFreshEnough(bodyBytes: number, idleMs: number): boolean {
  return bodyBytes <= largeBodyBytes || idleMs <= trustedIdleMs;
}

/** So many ends of reused connections within `endsWithinMs` make an origin one that closes behind its answers. */
const endsToBeKnown = 3;
const endsWithinMs = 10_000;
const freshForMs = 60_000;

/** Origins that are remembered; the one that was told of first is forgotten first. */
const originsMax = 1000;

interface Ends {
  /** When the last of them were, the oldest first. */
  readonly atMs: number[];
  freshUntilMs: number;
}

/** The origins that close connections behind their answers. For a minute each of their calls gets a new connection. */
export class ClosingOrigins {
  readonly #ends = new Map<string, Ends>();

  /** A reused connection to that origin `wasClosing`. */
  ended(origin: string, nowMs: number): void {
    const ends = this.#ends.get(origin) ?? this.#add(origin);
    ends.atMs.push(nowMs);
    if (ends.atMs.length < endsToBeKnown) return;
    const firstMs = ends.atMs.shift() ?? nowMs;
    if (nowMs - firstMs <= endsWithinMs) ends.freshUntilMs = nowMs + freshForMs;
  }

  /** Whether a call of that origin must not go out on a connection that has served one. */
  wantsFresh(origin: string, nowMs: number): boolean {
    if (this.#ends.size === 0) return false;
    const ends = this.#ends.get(origin);
    return ends !== undefined && nowMs < ends.freshUntilMs;
  }

  #add(origin: string): Ends {
    const [oldest] = this.#ends.keys();
    if (this.#ends.size >= originsMax && oldest !== undefined) this.#ends.delete(oldest);
    const ends: Ends = { atMs: [], freshUntilMs: 0 };
    this.#ends.set(origin, ends);
    return ends;
  }
}
