import { judgeOf, type Outcome } from '@holdfast/core';
import { wasClosing } from 'holdfast/caller/closing';
import type { BranchCall, Cuttable, Health, SendingCall, SentAnswer } from 'holdfast/engine/ports';
import type { MachineClock } from '../kernel/clock.ts';
import type { SimulatedProcess } from '../kernel/process.ts';
import type { Network, NetworkAnswer } from './network.ts';
import { hostOf } from './request.ts';

/** What is told of a call that has left. */
export interface WatchedCall {
  /** The answer has reached the process. */
  answered(outcome: Outcome): void;
  /** Once a second of the process's life: it is still out. */
  isOut(): void;
}

const outEveryMs = 1000;

/** What a process tells of its calls. */
export interface SenderEvents {
  /** A call leaves this process now. */
  sent(call: BranchCall): WatchedCall;
  /** The same call leaves it once more by itself. `mayHaveRun`: the service may have got it the first time. */
  sentAgain(call: BranchCall, mayHaveRun: boolean): void;
}

export interface SentCallParts {
  readonly process: SimulatedProcess;
  readonly clock: MachineClock;
  readonly network: Network;
  readonly events: SenderEvents;
  /** Connections without a call, by host. */
  readonly idle: Map<string, number>;
}

/**
 * One call on its way: on a connection that has served before, or on one that is made first, which may take long. Where
 * a connection that had served was closing, it is sent once more, on a new one.
 */
export class SentCall implements Cuttable {
  readonly #parts: SentCallParts;
  readonly #sending: SendingCall;
  readonly #host: string;
  readonly #startedMs: number;
  #watched: WatchedCall | undefined;
  #isSecond = false;
  /** The service has got it the first time. */
  #mayHaveRun = false;
  #isOver = false;

  constructor(parts: SentCallParts, sending: SendingCall) {
    this.#parts = parts;
    this.#sending = sending;
    this.#host = hostOf(sending.call.url);
    this.#startedMs = parts.clock.monotonicMs();
  }

  start(): void {
    const idle = this.#parts.idle.get(this.#host) ?? 0;
    if (idle === 0) this.#connect();
    else {
      this.#parts.idle.set(this.#host, idle - 1);
      this.#write(true);
    }
  }

  cut(): void {
    const health = this.#watched === undefined ? 'withdrawn' : 'cut';
    this.#parts.process.after(0, () => this.#end(errorOf(`the call was ${health}`), health));
  }

  #connect(): void {
    const { process, network } = this.#parts;
    // What cannot be connected in time is told as what is not answered in time: both are errors of the call.
    const connectMs = Math.min(network.connectMs(), 0.9 * this.#leftMs);
    process.after(connectMs, () => this.#write(false));
  }

  /** Now the bytes go. */
  #write(isReused: boolean): void {
    if (this.#isOver) return;
    const { process, network, events } = this.#parts;
    const { call } = this.#sending;
    if (!this.#sending.mayGo()) {
      this.#give();
      process.after(0, () => this.#endUnsent());
      return;
    }
    if (this.#watched === undefined) this.#watch(events.sent(call));
    else events.sentAgain(call, this.#mayHaveRun);
    const closing = isReused ? network.closing() : undefined;
    const payload = typeof call.payload === 'string' ? call.payload : new TextDecoder().decode(call.payload);
    const { gid, type, branchId, op, url } = call;
    const request = { gid, type, branchId, op, url, payload };
    if (closing === undefined) network.call(request, process, this.#leftMs, (result) => this.#answered(result));
    else {
      if (closing.arrives) network.arrive(request, process);
      process.after(closing.seenMs, () => this.#lost(closing.seenMs, closing.arrives));
    }
  }

  #watch(watched: WatchedCall): void {
    this.#watched = watched;
    const look = () => {
      if (this.#isOver) return;
      watched.isOut();
      this.#parts.process.after(outEveryMs, look);
    };
    this.#parts.process.after(outEveryMs, look);
  }

  /** It may not go. What was sent once and is not sent again has had its connection lost. */
  #endUnsent(): void {
    if (this.#watched === undefined) this.#end(errorOf('the call was withdrawn'), 'withdrawn');
    else this.#end(errorOf('the connection was lost, and the call may not be sent again'), 'unavailable');
  }

  #lost(sinceWrittenMs: number, arrived: boolean): void {
    if (this.#isOver) return;
    const isSecond = this.#isSecond;
    if (wasClosing({ isReused: true, hasAnswerBegun: false, isSecond, sinceWrittenMs }) && this.#leftMs > 0) {
      this.#isSecond = true;
      this.#mayHaveRun = arrived;
      this.#connect();
    } else this.#end(errorOf('the connection was lost before the answer'), 'unavailable');
  }

  #answered(result: NetworkAnswer): void {
    switch (result.kind) {
      case 'answered':
        this.#give();
        this.#end(judgeOf(this.#sending.call)(result.answer.statusCode, result.answer.body, 0), 'ok');
        return;
      case 'refused':
        this.#end(errorOf('connection refused'), 'connect');
        return;
      case 'timed-out':
        this.#end(errorOf(`no answer within ${this.#sending.call.timeoutMs} ms`), 'unavailable');
        return;
      default:
        result satisfies never;
    }
  }

  #give(): void {
    this.#parts.idle.set(this.#host, Math.min(4, (this.#parts.idle.get(this.#host) ?? 0) + 1));
  }

  #end(outcome: Outcome, health: Health): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { process, clock } = this.#parts;
    // What was cut or withdrawn tells nothing of the service.
    if (health !== 'cut' && health !== 'withdrawn') this.#watched?.answered(outcome);
    if (!process.isAlive) return;
    const durationMs = Math.round(clock.monotonicMs() - this.#startedMs);
    const answer: SentAnswer = { outcome, health, durationMs };
    this.#sending.ended(this.#isSecond ? { ...answer, note: 'sent twice' } : answer);
  }

  get #leftMs(): number {
    return this.#sending.call.timeoutMs - (this.#parts.clock.monotonicMs() - this.#startedMs);
  }
}

function errorOf(message: string): Outcome {
  return { kind: 'error', message, retryAfterMs: 0 };
}
