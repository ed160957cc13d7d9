import { judgeOf, warningAbout } from '@holdfast/core';
import type { BranchCall, Cuttable, Runtime, Sender, SendingCall, SentAnswer, Timer } from '../engine/ports.ts';
import type { Fault } from '../transport/http/routes/dev-routes.ts';
import type { Activity, OutCall } from './activity.ts';
import type { Faults } from './faults.ts';

export interface FaultySenderParts {
  readonly sender: Sender;
  readonly runtime: Runtime;
  readonly activity: Activity;
  readonly faults: Faults;
}

/** Sends calls as another sender does, but for the faults that were asked for; and tells that they are out. */
export class FaultySender implements Sender {
  readonly #parts: FaultySenderParts;

  constructor(parts: FaultySenderParts) {
    this.#parts = parts;
  }

  send(sending: SendingCall): Cuttable {
    const { activity, faults } = this.#parts;
    const { gid, url } = sending.call;
    activity.drove(gid);
    const call = new FaultyCall(this.#parts, sending, faults.take(url));
    call.start();
    return call;
  }
}

/** One call on its way. */
class FaultyCall implements SendingCall, Cuttable {
  readonly #parts: FaultySenderParts;
  readonly #sending: SendingCall;
  readonly #fault: Fault | undefined;
  readonly #out: OutCall;
  readonly #startedMs: number;
  #sent: Cuttable | undefined;
  /** Runs while its answer is held back. */
  #timer: Timer | undefined;

  constructor(parts: FaultySenderParts, sending: SendingCall, fault: Fault | undefined) {
    this.#parts = parts;
    this.#sending = sending;
    this.#fault = fault;
    this.#out = parts.activity.call(sending.call.gid);
    this.#startedMs = parts.runtime.monotonicMs();
  }

  get call(): BranchCall {
    return this.#sending.call;
  }

  mayGo(): boolean {
    return this.#sending.mayGo();
  }

  start(): void {
    const fault = this.#fault;
    switch (fault?.kind) {
      case undefined:
      case 'delay':
      case 'drop-after':
        this.#sent = this.#parts.sender.send(this);
        return;
      case 'drop-before':
        this.#answerInstead(brokenOff('a fault dropped the call'));
        return;
      case 'status':
        this.#answerInstead(statusAnswer(fault, this.call));
        return;
      default:
        fault satisfies never;
    }
  }

  cut(): void {
    if (this.#timer === undefined) this.#sent?.cut();
    else this.#end({ ...brokenOff('the call was cut while it was out'), durationMs: this.#tookMs, health: 'cut' });
  }

  /** By the service. */
  ended(answer: SentAnswer): void {
    const isAnswered = answer.health !== 'withdrawn' && answer.health !== 'cut' && answer.health !== 'local';
    if (this.#fault?.kind === 'drop-after' && isAnswered) {
      this.#answered({ ...brokenOff('a fault dropped the answer'), durationMs: answer.durationMs });
    } else if (isAnswered) this.#answered(answer);
    else this.#end(answer);
  }

  /** As if the service had got it. */
  #answerInstead(answer: SentAnswer): void {
    const { runtime } = this.#parts;
    if (this.mayGo()) runtime.soon(() => this.#answered(answer));
    else runtime.soon(() => this.#end({ ...answer, health: 'withdrawn' }));
  }

  #answered(answer: SentAnswer): void {
    const delayMs = this.#fault?.delayMs ?? 0;
    if (delayMs === 0) this.#end(answer);
    else this.#holdBack(delayMs, answer);
  }

  /** On the manual clock, and not beyond the call's time-out. */
  #holdBack(delayMs: number, answer: SentAnswer): void {
    const { timeoutMs } = this.call;
    const last = delayMs < timeoutMs ? answer : brokenOff(`no whole answer within ${timeoutMs} ms`);
    this.#out.hold();
    this.#timer = this.#parts.runtime.setTimer(Math.min(delayMs, timeoutMs) - this.#tookMs, () => {
      this.#end({ ...last, durationMs: this.#tookMs });
    });
  }

  get #tookMs(): number {
    return Math.round(this.#parts.runtime.monotonicMs() - this.#startedMs);
  }

  #end(answer: SentAnswer): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sent = undefined;
    this.#out.end();
    this.#sending.ended(answer);
  }
}

function brokenOff(message: string): SentAnswer {
  return { outcome: { kind: 'error', message, retryAfterMs: 0 }, durationMs: 0, health: 'unavailable' };
}

/** An answer that means to HTTP what is asked for means the same to gRPC; JSON-RPC reads its body too. */
function statusAnswer({ status, body }: Extract<Fault, { kind: 'status' }>, call: BranchCall): SentAnswer {
  const outcome = judgeOf(call)(status, body, 0);
  const isUnavailable = outcome.kind === 'error' && (status === 502 || status === 503 || status === 504);
  const note = warningAbout(outcome, body);
  return { outcome, durationMs: 0, health: isUnavailable ? 'unavailable' : 'ok', ...(note !== undefined && { note }) };
}
