import { callKindOf } from '@holdfast/core';
import type { BranchCall, Sender, SentAnswer } from '../engine/ports.ts';
import { reasonOf } from './failure-reason.ts';

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

  send(call: BranchCall, done: (answer: SentAnswer) => void): void {
    if (callKindOf(call.url, call.protocol) !== 'grpc') this.#parts.http.send(call, done);
    else if (this.#grpc !== undefined) this.#grpc.send(call, done);
    else void this.#sendWhenLoaded(call, done);
  }

  async close(): Promise<void> {
    await Promise.all([this.#parts.http.close(), this.#loading?.then((grpc) => grpc.close(), notLoaded)]);
  }

  async #sendWhenLoaded(call: BranchCall, done: (answer: SentAnswer) => void): Promise<void> {
    this.#loading ??= this.#parts.loadGrpc();
    try {
      this.#grpc = await this.#loading;
    } catch (error) {
      const message = `the call cannot be sent: gRPC cannot be loaded: ${reasonOf(error)}`;
      done({ outcome: { kind: 'error', message, retryAfterMs: 0 }, durationMs: 0, health: 'ok' });
      return;
    }
    this.#grpc.send(call, done);
  }
}

/** Told to the calls; there is nothing to close. */
const notLoaded = () => undefined;
