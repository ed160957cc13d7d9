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

/** One call, for whoever carries it on: one object from the one who asks to the wire. */
export interface OutgoingCall {
  readonly call: BranchCall;
  /**
   * Asked just before the first byte is written, and again before it is sent a second time. True: it counts as
   * may-have-run from now. False: it must never go.
   */
  mayGo(): boolean;
}

/** A call under limits. `done` comes exactly once, and never before `Caller.call` has returned. */
export interface AskedCall extends OutgoingCall {
  done(result: CallResult): void;
}

/** A call that goes out now. `ended` comes exactly once, and never before `Sender.send` has returned. */
export interface SendingCall extends OutgoingCall {
  ended(answer: SentAnswer): void;
}

export interface Cuttable {
  /**
   * Ends it now: what is not on the wire never goes (`withdrawn`); what is out is cut, and its connection closed or its
   * stream reset (`cut`). No effect after its end.
   */
  cut(): void;
}

export type CallResult =
  | {
      readonly kind: 'answered';
      readonly outcome: Outcome;
      /** Whole milliseconds. */
      readonly durationMs: number;
      /** No connection could be made: surely nothing was sent. */
      readonly isUnsent?: true;
      /** `cut` ended it while it was out: it may have run. */
      readonly isCut?: true;
      /** For the attempt that operators see; never part of the outcome's message. */
      readonly note?: string;
    }
  | {
      /** Surely not sent: the breaker is open, no slot came free in time, or it was withdrawn. */
      readonly kind: 'not-called';
      /** Try again then, in monotonic time; undefined where it was withdrawn. */
      readonly untilMs: number | undefined;
      /** For want of something on this machine: it uses up no retry, whatever `retry_limit` says. */
      readonly isLocal?: true;
    };

/** Calls branches under the destinations' limits and breakers; each ends at most `timeoutMs` after it went out. */
export interface Caller {
  call(asked: AskedCall): Cuttable;
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
  /** slot: some of the calls that hold the places of the origin, the longest first. */
  readonly longest: readonly HeldPlace[];
}

/** A call that holds a place of its origin. Times are monotonic. */
export interface HeldPlace {
  readonly gid: string;
  readonly branchId: string;
  readonly op: string;
  readonly sinceMs: number;
  /** When its time-out ends it at the latest. */
  readonly untilMs: number;
}

/** How an origin is. Times are monotonic. */
export interface DestinationShown {
  readonly origin: string;
  readonly callsOut: number;
  /** The most calls that may be out. */
  readonly places: number;
  /** Of those that are out, and of the most: calls whose time-out is long. */
  readonly longCallsOut: number;
  readonly longPlaces: number;
  readonly waiting: number;
  /** Calls not made, since it is remembered. */
  readonly refused: number;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** open: when the next probe may go. */
  readonly probeMs: number | undefined;
  /** Some of the calls that are out, the longest first. */
  readonly longest: readonly HeldPlace[];
}

/** What operators can be told of the destinations of calls. */
export interface DestinationView {
  /** What would hold back a call of this URL and time-out now; undefined: nothing. */
  heldBack(url: string, timeoutMs: number): HeldBack | undefined;
  /** Origins with calls, or where something is or was wrong; those with the most calls out first. */
  shown(): readonly DestinationShown[];
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
  send(sending: SendingCall): Cuttable;
}

export interface SentAnswer {
  readonly outcome: Outcome;
  /** Whole milliseconds. */
  readonly durationMs: number;
  readonly health: Health;
  /** For the attempt that operators see: that it was sent twice and why, a warning about the answer. */
  readonly note?: string;
}

/**
 * What an answer says about the destination.
 * - `ok`: it serves.
 * - `connect`: no connection could be made, and surely nothing was sent. Opens the origin's breaker.
 * - `unavailable`: opens the route's breaker.
 * - `local`: surely not sent, for want of something on this machine. Opens no breaker, and is not counted.
 * - `withdrawn`: surely not sent: `mayGo` said no, or it was cut before the first byte.
 * - `cut`: ended by `cut` while it was out.
 */
export type Health = 'ok' | 'connect' | 'unavailable' | 'local' | 'withdrawn' | 'cut';
