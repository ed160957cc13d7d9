import type { Cuttable, Sender, SendingCall } from 'holdfast/engine/ports';
import type { MachineClock } from '../kernel/clock.ts';
import type { SimulatedProcess } from '../kernel/process.ts';
import type { Network } from './network.ts';
import { type SenderEvents, SentCall, type SentCallParts } from './sent-call.ts';

/** The network as one process sees it. */
export class SimulatedSender implements Sender {
  readonly #parts: SentCallParts;

  constructor(process: SimulatedProcess, clock: MachineClock, network: Network, events: SenderEvents) {
    this.#parts = { process, clock, network, events, idle: new Map() };
  }

  send(sending: SendingCall): Cuttable {
    const call = new SentCall(this.#parts, sending);
    if (this.#parts.process.isAlive) call.start();
    return call;
  }
}
