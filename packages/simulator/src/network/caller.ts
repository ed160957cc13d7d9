import type { BranchCall, Caller, CallResult, Runtime, Sender } from 'holdfast/engine/ports';

/** Calls at once, without limits or breakers. */
export class DirectCaller implements Caller {
  readonly #sender: Sender;
  readonly #runtime: Runtime;

  constructor(sender: Sender, runtime: Runtime) {
    this.#sender = sender;
    this.#runtime = runtime;
  }

  call(call: BranchCall, mayGo: () => boolean, done: (result: CallResult) => void): void {
    if (!mayGo()) {
      this.#runtime.soon(() => done({ kind: 'not-called', untilMs: undefined }));
      return;
    }
    this.#sender.send(call, ({ outcome, durationMs }) => done({ kind: 'answered', outcome, durationMs }));
  }
}
