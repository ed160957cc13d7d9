import type { ArrivedCall, Participant } from './participant.ts';

/**
 * How long after the restarted coordinator was ready each transaction that was in flight at the kill was called again.
 * In flight are those with a call that had arrived and was not answered.
 */
export class Resumption {
  readonly #participant: Participant;
  readonly #waiting = new Set<string>();
  /** Called before it was ready. */
  #early = 0;
  #killedMs = 0;
  #readyMs: number | undefined;
  /** Milliseconds from ready to the first call; one that came before it was ready counts as 0. */
  readonly delaysMs: number[] = [];
  /** The same from the kill, the start of the process included. */
  readonly sinceKillMs: number[] = [];

  constructor(participant: Participant) {
    this.#participant = participant;
  }

  /** At the moment of the kill. */
  killed(): void {
    for (const gid of this.#participant.openGids) this.#waiting.add(gid);
    this.#early = 0;
    this.#readyMs = undefined;
    this.#killedMs = Number.POSITIVE_INFINITY;
  }

  /** Once it is dead: only connections opened from now on are those of its next life. */
  gone(): void {
    this.#killedMs = performance.now();
  }

  ready(): void {
    this.#readyMs = performance.now();
    for (; this.#early > 0; this.#early -= 1) this.delaysMs.push(0);
  }

  called({ gid, connectedMs, arrivedMs }: ArrivedCall): void {
    if (connectedMs < this.#killedMs || !this.#waiting.delete(gid)) return;
    this.sinceKillMs.push(arrivedMs - this.#killedMs);
    if (this.#readyMs === undefined) this.#early += 1;
    else this.delaysMs.push(arrivedMs - this.#readyMs);
  }

  get waiting(): readonly string[] {
    return [...this.#waiting];
  }

  /** Ended without a further call: a message whose query was out when its client aborted it. */
  ended(gid: string): void {
    this.#waiting.delete(gid);
  }
}
