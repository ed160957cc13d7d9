import type { ArrivedCall } from './participant.ts';

/** What must not be called once the other was, in one transaction. */
const excludes: Readonly<Record<string, string>> = {
  action: 'compensate',
  confirm: 'cancel',
  cancel: 'confirm',
  commit: 'rollback',
  rollback: 'commit',
};

/** Watches the calls of coordinators as they arrive: nothing acts after its compensation, or after the end. */
export class CallOrder {
  readonly #hasEnded: (gid: string) => boolean;
  /** `GID OP` of what was called and excludes others. */
  readonly #called = new Set<string>();
  readonly defects: string[] = [];

  /** @param hasEnded somebody has seen it final */
  constructor(hasEnded: (gid: string) => boolean) {
    this.#hasEnded = hasEnded;
  }

  called({ gid, branchId, op }: ArrivedCall): void {
    const excluded = excludes[op];
    if (excluded !== undefined && this.#called.has(`${gid} ${excluded}`)) {
      this.defects.push(`${gid}: ${op} of ${branchId} came after a ${excluded}`);
    }
    if (this.#hasEnded(gid)) this.defects.push(`${gid}: ${op} of ${branchId} came after its end`);
    this.#called.add(`${gid} ${op}`);
  }
}
