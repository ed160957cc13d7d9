import { callKindOf, judgeHttp, judgeJsonRpc } from '@holdfast/core';
import type { BranchCall, Runtime, Sender, SentAnswer } from '../engine/ports.ts';
import type { Fault } from '../transport/http/routes/dev-routes.ts';
import type { Activity, OutCall } from './activity.ts';
import type { Faults } from './faults.ts';

export interface FaultySenderParts {
  readonly sender: Sender;
  readonly runtime: Runtime;
  readonly activity: Activity;
  readonly faults: Faults;
}

/** One call on its way. */
interface Sent {
  readonly call: BranchCall;
  readonly out: OutCall;
  readonly startedMs: number;
  readonly done: (answer: SentAnswer) => void;
}

/** Sends calls as another sender does, but for the faults that were asked for; and tells that they are out. */
export class FaultySender implements Sender {
  readonly #parts: FaultySenderParts;

  constructor(parts: FaultySenderParts) {
    this.#parts = parts;
  }

  send(call: BranchCall, done: (answer: SentAnswer) => void): void {
    const { activity, faults, runtime, sender } = this.#parts;
    activity.drove(call.gid);
    const sent: Sent = { call, done, out: activity.call(call.gid), startedMs: runtime.monotonicMs() };
    const fault = faults.take(call.url);
    const answered = (answer: SentAnswer) => this.#answered(sent, fault?.delayMs ?? 0, answer);
    switch (fault?.kind) {
      case undefined:
      case 'delay':
        sender.send(call, answered);
        return;
      case 'drop-after':
        sender.send(call, () => answered(brokenOff('a fault dropped the answer')));
        return;
      case 'drop-before':
        answered(brokenOff('a fault dropped the call'));
        return;
      case 'status':
        answered(statusAnswer(fault, call));
        return;
      default:
        fault satisfies never;
    }
  }

  #answered(sent: Sent, delayMs: number, answer: SentAnswer): void {
    if (delayMs === 0) this.#end(sent, answer);
    else this.#holdBack(sent, delayMs, answer);
  }

  /** On the manual clock, and not beyond the call's time-out. */
  #holdBack(sent: Sent, delayMs: number, answer: SentAnswer): void {
    const { timeoutMs } = sent.call;
    const last = delayMs < timeoutMs ? answer : brokenOff(`no whole answer within ${timeoutMs} ms`);
    sent.out.hold();
    this.#parts.runtime.setTimer(Math.min(delayMs, timeoutMs) - this.#tookMs(sent), () => {
      this.#end(sent, { ...last, durationMs: this.#tookMs(sent) });
    });
  }

  #tookMs({ startedMs }: Sent): number {
    return this.#parts.runtime.monotonicMs() - startedMs;
  }

  #end({ out, done }: Sent, answer: SentAnswer): void {
    out.end();
    done(answer);
  }
}

function brokenOff(message: string): SentAnswer {
  return { outcome: { kind: 'error', message, retryAfterMs: 0 }, durationMs: 0, health: 'unavailable' };
}

/** An answer that means to HTTP what is asked for means the same to gRPC; JSON-RPC reads its body too. */
function statusAnswer({ status, body }: Extract<Fault, { kind: 'status' }>, { url, protocol }: BranchCall): SentAnswer {
  const judge = callKindOf(url, protocol) === 'json-rpc' ? judgeJsonRpc : judgeHttp;
  const outcome = judge(status, body, 0);
  const isUnavailable = outcome.kind === 'error' && (status === 502 || status === 503 || status === 504);
  return { outcome, durationMs: 0, health: isUnavailable ? 'unavailable' : 'ok' };
}
