import { callKindOf } from '@holdfast/core';
import type { Cuttable, Health, Sender, SendingCall } from '../engine/ports.ts';
import { reasonOf } from './failure-reason.ts';
import { localFaultOf } from './local-fault.ts';

/** A sender that holds connections. */
export interface ClosableSender extends Sender {
  close(): Promise<void>;
}

export interface BranchSenderParts {
  /** Sends HTTP and JSON-RPC. */
  readonly http: ClosableSender;
  /** Loads what sends gRPC, at the first call that needs it: a coordinator without gRPC starts without it. */
  loadGrpc(): Promise<ClosableSender>;
}

/** Sends each branch call by the protocol that its transaction and its URL ask for. */
export class BranchSender implements ClosableSender {
  readonly #parts: BranchSenderParts;
  #grpc: ClosableSender | undefined;
  #loading: Promise<ClosableSender> | undefined;

  constructor(parts: BranchSenderParts) {
    this.#parts = parts;
  }

  send(sending: SendingCall): Cuttable {
    const { url, protocol } = sending.call;
    if (callKindOf(url, protocol) !== 'grpc') return this.#parts.http.send(sending);
    return this.#grpc === undefined ? this.#sendWhenLoaded(sending) : this.#grpc.send(sending);
  }

  async close(): Promise<void> {
    await Promise.all([this.#parts.http.close(), this.#loading?.then((grpc) => grpc.close(), notLoaded)]);
  }

  #sendWhenLoaded(sending: SendingCall): Cuttable {
    this.#loading ??= this.#parts.loadGrpc();
    const early = new EarlyCall(sending);
    this.#loading.then(
      (grpc) => {
        this.#grpc = grpc;
        early.sendBy(grpc);
      },
      (error: unknown) => {
        // Perhaps for want of a descriptor: the next call tries again.
        this.#loading = undefined;
        early.fail(error);
      },
    );
    return early;
  }
}

/** A call that came before what sends it was loaded. A cut does not wait for that. */
class EarlyCall implements Cuttable {
  readonly #sending: SendingCall;
  #sent: Cuttable | undefined;
  #isCut = false;

  constructor(sending: SendingCall) {
    this.#sending = sending;
  }

  cut(): void {
    if (this.#sent !== undefined) this.#sent.cut();
    else if (!this.#isCut) {
      this.#isCut = true;
      process.nextTick(() => this.#end('the call was withdrawn', 'withdrawn'));
    }
  }

  sendBy(sender: Sender): void {
    if (!this.#isCut) this.#sent = sender.send(this.#sending);
  }

  fail(error: unknown): void {
    if (this.#isCut) return;
    const message = `the call cannot be sent: gRPC cannot be loaded: ${reasonOf(error)}`;
    this.#end(message, localFaultOf(error) === undefined ? 'ok' : 'local');
  }

  #end(message: string, health: Health): void {
    this.#sending.ended({ outcome: { kind: 'error', message, retryAfterMs: 0 }, durationMs: 0, health });
  }
}

/** Told to the calls; there is nothing to close. */
const notLoaded = () => undefined;
