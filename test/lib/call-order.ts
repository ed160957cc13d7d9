import type { ArrivedCall } from './participant.ts';

/** What must not be called once the other was, in one transaction. */
const excludes: Readonly<Record<string, string>> = {
  action: 'compensate',
  confirm: 'cancel',
  cancel: 'confirm',
  commit: 'rollback',
  rollback: 'commit',
};

/**
 * Watches the calls of coordinators as they arrive: no branch acts after its compensation, nothing is confirmed and cancelled,
 * and nothing is called after the end. Branches of one saga may overlap: what is out when it turns is still out when
 * others are compensated.
 */
export class CallOrder {
  readonly #hasEnded: (gid: string) => boolean;
  /** When each call that excludes others came last: `GID BRANCH OP`, and `GID OP` for what is decided for all branches. */
  readonly #calledMs = new Map<string, number>();
  readonly defects: string[] = [];

  /** @param hasEnded somebody has seen it final */
  constructor(hasEnded: (gid: string) => boolean) {
    this.#hasEnded = hasEnded;
  }

  called({ gid, branchId, op, arrivedMs, connectedMs }: ArrivedCall): void {
    const scope = op === 'action' || op === 'compensate' ? `${gid} ${branchId}` : gid;
    const excluded = excludes[op];
    const excludedMs = excluded === undefined ? undefined : this.#calledMs.get(`${scope} ${excluded}`);
    const age = (sinceMs: number) => `${Math.round(arrivedMs - sinceMs)} ms`;
    const connection = `on a connection that is ${age(connectedMs)} old`;
    if (excludedMs !== undefined) {
      this.defects.push(`${gid}: ${op} of ${branchId} came ${age(excludedMs)} after its ${excluded}, ${connection}`);
    }
    if (this.#hasEnded(gid)) this.defects.push(`${gid}: ${op} of ${branchId} came after its end, ${connection}`);
    this.#calledMs.set(`${scope} ${op}`, arrivedMs);
  }
}
