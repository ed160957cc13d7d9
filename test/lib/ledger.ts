/** Why a call had no effect, or `ran`. */
export type Passage = 'ran' | 'repeated' | 'empty' | 'late';

export interface Effect {
  readonly branchId: string;
  readonly op: string;
  readonly delta: number;
}

/** `xa` is what an xa branch prepares in its database, `step` and `undo` are what a workflow does by itself. */
const forwardOf: Readonly<Record<string, string>> = {
  compensate: 'action',
  cancel: 'try',
  rollback: 'xa',
  undo: 'step',
};

/**
 * The books of a participant that never dies: a barrier and the effects that passed it, in order. It is the witness of
 * what a coordinator really did; nothing here asks the coordinator.
 */
export class Ledger {
  readonly #barrier = new Map<string, string>();
  readonly #effects = new Map<string, Effect[]>();
  /** Sum of all that is booked; every transaction's deltas sum to zero, so at the end this must be zero. */
  balance = 0;
  /** What was tried and is not decided yet. */
  pending = 0;

  /** Books `delta` for that operation, once, unless the barrier says that nothing must happen. */
  pass(gid: string, branchId: string, op: string, delta: number): Passage {
    const forward = forwardOf[op];
    const isEmpty = forward !== undefined && this.#insert(gid, branchId, forward, op);
    if (!this.#insert(gid, branchId, op, op)) return this.#reason(gid, branchId, op) === op ? 'repeated' : 'late';
    if (isEmpty) return 'empty';
    this.#book(gid, { branchId, op, delta });
    return 'ran';
  }

  /** A message's query: did the local transaction commit? If not, it never will. */
  queryPrepared(gid: string): 'committed' | 'rolled-back' {
    this.#insert(gid, '00', 'msg', 'rollback');
    return this.#reason(gid, '00', 'msg') === 'msg' ? 'committed' : 'rolled-back';
  }

  effects(gid: string): readonly Effect[] {
    return this.#effects.get(gid) ?? [];
  }

  get gids(): IterableIterator<string> {
    return this.#effects.keys();
  }

  #book(gid: string, effect: Effect): void {
    const effects = this.#effects.get(gid);
    if (effects === undefined) this.#effects.set(gid, [effect]);
    else effects.push(effect);
    const { op, delta } = effect;
    if (op === 'try' || op === 'xa') this.pending += delta;
    else if (op === 'cancel' || op === 'rollback') this.pending -= delta;
    else if (op === 'compensate' || op === 'undo') this.balance -= delta;
    else this.balance += delta;
    if (op === 'confirm' || op === 'commit') this.pending -= delta;
  }

  #insert(gid: string, branchId: string, op: string, reason: string): boolean {
    const key = `${gid} ${branchId} ${op}`;
    if (this.#barrier.has(key)) return false;
    this.#barrier.set(key, reason);
    return true;
  }

  #reason(gid: string, branchId: string, op: string): string | undefined {
    return this.#barrier.get(`${gid} ${branchId} ${op}`);
  }
}
