import type { Outcome, Payload, TransactionType } from '@holdfast/core';

/** Time, timers and chance: the engine sees them only through this, so that it runs in the simulator. */
export interface Runtime {
  /** Wall clock, milliseconds since 1970. May jump. */
  wallMs(): number;
  /** Milliseconds from some fixed point; never goes back, may stand still while the machine sleeps. */
  monotonicMs(): number;
  /** Runs `action` once, after at least `delayMs` (any size: implementations clamp and re-arm). */
  setTimer(delayMs: number, action: () => void): Timer;
  /** Runs `action` soon, after what is already waiting for the event loop. */
  soon(action: () => void): void;
  /** 0 <= x < 1. */
  random(): number;
  /** A fresh id nobody else has. */
  newId(): string;
}

export interface Timer {
  cancel(): void;
}

/** What stays on the machine's own time where time for transactions is another, such as a clock moved by hand. */
export interface MachineTime {
  /** Commits, and waiting for a store that cannot serve now. */
  readonly store: Runtime;
  /** What the engine does again and again, and how long it waits at its end. */
  readonly upkeep: Runtime;
}

/** One call of a branch, of a message's query URL (op `msg`, branch `00`) or of a workflow's callback (its name, `00`). */
export interface BranchCall {
  readonly gid: string;
  readonly type: TransactionType;
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
  readonly protocol: string;
  readonly payload: Payload;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export type CallResult =
  | {
      readonly kind: 'answered';
      readonly outcome: Outcome;
      readonly durationMs: number;
      /** No connection could be made: surely nothing was sent. */
      readonly isUnsent?: true;
    }
  /** Surely not sent: the breaker is open, no slot came free in time, or `mayGo` said no. Try again at `untilMs`
   * (in monotonic time); undefined where `mayGo` said no. */
  | { readonly kind: 'not-called'; readonly untilMs: number | undefined };

/**
 * Calls branches under the destinations' limits and breakers. `done` is called exactly once, never before `call`
 * returns, at most `timeoutMs` after the call went out.
 */
export interface Caller {
  /**
   * @param mayGo asked just before the call goes out; false: the call is dropped
   */
  call(call: BranchCall, mayGo: () => boolean, done: (result: CallResult) => void): void;
}

/** Why calls of a destination do not go out now. Times are monotonic. */
export interface HeldBack {
  /** `breaker`: it does not serve. `slot`: as many calls are out as may be. */
  readonly kind: 'breaker' | 'slot';
  /** An origin, or an origin and a path; or the name of the limit on all of them. */
  readonly destination: string;
  /** breaker: since when. */
  readonly sinceMs: number | undefined;
  /** breaker: when the next probe may go. */
  readonly probeMs: number | undefined;
  /** slot: how many calls are out. */
  readonly callsOut: number;
}

/** What operators can be told of the destinations of calls. */
export interface DestinationView {
  /** What would hold back a call of this URL now; undefined: nothing. */
  heldBack(url: string): HeldBack | undefined;
}

/** The names of services that URLs may use, as far as they are known beforehand. */
export interface NameBook {
  /** What is wrong with a URL that names one of them, as what it must be; undefined where it can be called. */
  trouble(url: string): string | undefined;
  /** Whether the addresses of the service that a URL names are called by gRPC, whatever the transaction's protocol. */
  isGrpc(url: string): boolean;
}

/** Sends one call over the network, without limits: what Caller implementations are built on. */
export interface Sender {
  send(call: BranchCall, done: (answer: SentAnswer) => void): void;
}

export interface SentAnswer {
  readonly outcome: Outcome;
  readonly durationMs: number;
  /**
   * What it says about the destination. `connect`: no connection could be made, and surely nothing was sent; it opens
   * the origin's breaker. `unavailable` opens that of the route.
   */
  readonly health: 'ok' | 'connect' | 'unavailable';
}
