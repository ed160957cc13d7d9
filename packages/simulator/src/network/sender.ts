import { judgeOf, type Outcome } from '@holdfast/core';
import type { BranchCall, Cuttable, Sender, SendingCall, SentAnswer } from 'holdfast/engine/ports';
import type { MachineClock } from '../kernel/clock.ts';
import type { SimulatedProcess } from '../kernel/process.ts';
import type { Network, NetworkAnswer } from './network.ts';

export interface SenderEvents {
  /** A call leaves this process now; what it returns is called when the answer has reached the process. */
  sent(call: BranchCall): (outcome: Outcome) => void;
}

/** The network as one process sees it. */
export class SimulatedSender implements Sender {
  readonly #process: SimulatedProcess;
  readonly #clock: MachineClock;
  readonly #network: Network;
  readonly #events: SenderEvents;

  constructor(process: SimulatedProcess, clock: MachineClock, network: Network, events: SenderEvents) {
    this.#process = process;
    this.#clock = clock;
    this.#network = network;
    this.#events = events;
  }

  send(sending: SendingCall): Cuttable {
    const { call } = sending;
    let isOver = !this.#process.isAlive;
    const end = (answer: SentAnswer) => {
      if (isOver) return;
      isOver = true;
      sending.ended(answer);
    };
    const endSoon = (health: 'withdrawn' | 'cut') =>
      this.#process.after(0, () => end({ outcome: errorOf(`the call was ${health}`), durationMs: 0, health }));
    const cuttable = { cut: () => endSoon('cut') };
    if (isOver) return cuttable;
    if (!sending.mayGo()) {
      endSoon('withdrawn');
      return cuttable;
    }
    const answered = this.#events.sent(call);
    const sentMs = this.#clock.monotonicMs();
    const payload = typeof call.payload === 'string' ? call.payload : new TextDecoder().decode(call.payload);
    const { gid, type, branchId, op, url } = call;
    this.#network.call({ gid, type, branchId, op, url, payload }, this.#process, call.timeoutMs, (result) => {
      const { outcome, health } = judged(result, call);
      answered(outcome);
      if (!this.#process.isAlive) return;
      end({ outcome, health, durationMs: Math.round(this.#clock.monotonicMs() - sentMs) });
    });
    return cuttable;
  }
}

function judged(result: NetworkAnswer, call: BranchCall): Pick<SentAnswer, 'outcome' | 'health'> {
  switch (result.kind) {
    case 'answered':
      return { outcome: judgeOf(call)(result.answer.statusCode, result.answer.body, 0), health: 'ok' };
    case 'refused':
      return { outcome: errorOf('connection refused'), health: 'connect' };
    case 'timed-out':
      return { outcome: errorOf(`no answer within ${call.timeoutMs} ms`), health: 'unavailable' };
    default:
      return result satisfies never;
  }
}

function errorOf(message: string): Outcome {
  return { kind: 'error', message, retryAfterMs: 0 };
}
