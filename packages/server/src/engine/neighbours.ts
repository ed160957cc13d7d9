import type { DeadOwner, Heard, NodeBeat } from '../store/nodes.ts';
import { heartbeatTimes } from './lease.ts';

const { deadAfterMs } = heartbeatTimes;
/** A server's clock that went by so much more or less than this node's, from one answer to the next, was set. */
const stepMs = 1000;

/** A heartbeat that has not changed since this node first heard of it. */
interface Watched {
  readonly count: number;
  /** Monotonic time of this node: then it was known already. */
  readonly sinceMs: number;
  /** By the clock of the server: so old it is at least. */
  readonly sinceServerMs: number;
}

/** The last answer, and when it came. */
interface Answer {
  readonly server: string;
  readonly clockMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
}

/**
 * Judges which other incarnations are dead. A heartbeat must be older than 5 s by the clock of the server, and this node
 * must itself have heard it unchanged for 5 s of its own monotonic time, from one process of the server. One clock alone may
 * be wrong: a server steps, a replica that takes over runs ahead, this machine's clock runs too fast. Where the process
 * of the server is another, or its clock was set, both begin anew.
 */
export class Neighbours {
  #watched = new Map<string, Watched>();
  #last: Answer | undefined;
  #nodes: readonly NodeBeat[] = [];
  #dead: readonly DeadOwner[] = [];

  /** As of the last answer. */
  get dead(): readonly DeadOwner[] {
    return this.#dead;
  }

  /** All heartbeats of the last answer, this node's too. */
  get nodes(): readonly NodeBeat[] {
    return this.#nodes;
  }

  /** By the clock of the server: from when on the last of the dead could be judged so. */
  get deadMs(): number {
    const dead = new Set(this.#dead.map(({ incarnation }) => incarnation));
    return Math.max(
      0,
      ...this.#nodes.filter(({ incarnation }) => dead.has(incarnation)).map(({ beatMs }) => beatMs + deadAfterMs),
    );
  }

  /** The incarnations that take up what is due: those that live and do not drain. */
  get takers(): readonly string[] {
    const dead = new Set(this.#dead.map(({ incarnation }) => incarnation));
    return this.#nodes
      .filter(({ incarnation, isDraining }) => !isDraining && !dead.has(incarnation))
      .map(({ incarnation }) => incarnation);
  }

  /** When the next of the others will be dead who stays as it is, in monotonic time of this node; undefined: nobody. */
  get nextDeathMs(): number | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const dead = new Set(this.#dead.map(({ incarnation }) => incarnation));
    const times = [...this.#watched].map(([incarnation, { sinceMs, sinceServerMs }]) => {
      const byServerMs = last.receivedMs + sinceServerMs + deadAfterMs - last.clockMs;
      return dead.has(incarnation) ? Number.POSITIVE_INFINITY : Math.max(sinceMs + deadAfterMs, byServerMs);
    });
    const nextMs = Math.min(...times);
    return nextMs === Number.POSITIVE_INFINITY ? undefined : nextMs;
  }

  /**
   * @param own the incarnation whose heartbeat was answered
   * @param sentMs when it was sent, in monotonic time of this node
   * @returns whether somebody has died or gone since the last answer, who may have left transactions
   */
  hear({ server, clockMs, nodes }: Heard, own: string, sentMs: number, receivedMs: number): boolean {
    const answer = { server, clockMs, sentMs, receivedMs };
    const isAnew = this.#last === undefined || !isContinued(this.#last, answer);
    if (isAnew) this.#watched.clear();
    this.#last = answer;
    const others = nodes.filter(({ incarnation }) => incarnation !== own);
    this.#watched = new Map(others.map((beat) => [beat.incarnation, this.#watch(beat, answer, isAnew)]));
    const here = new Set(nodes.map(({ incarnation }) => incarnation));
    const isGone = this.#nodes.some(({ incarnation }) => !here.has(incarnation));
    const wereDead = new Set(this.#dead.map(({ incarnation }) => incarnation));
    this.#nodes = nodes;
    this.#dead = others
      .filter(({ incarnation }) => this.#isDead(incarnation, answer))
      .map(({ incarnation, count }) => ({ incarnation, count }));
    return isGone || this.#dead.some(({ incarnation }) => !wereDead.has(incarnation));
  }

  #watch({ incarnation, count, beatMs }: NodeBeat, { clockMs, receivedMs }: Answer, isAnew: boolean): Watched {
    const known = this.#watched.get(incarnation);
    if (known?.count === count) return known;
    return { count, sinceMs: receivedMs, sinceServerMs: isAnew ? clockMs : beatMs };
  }

  #isDead(incarnation: string, { clockMs, sentMs }: Answer): boolean {
    const watched = this.#watched.get(incarnation);
    if (watched === undefined) return false;
    return sentMs - watched.sinceMs > deadAfterMs && clockMs - watched.sinceServerMs > deadAfterMs;
  }
}

/** One process of the server gave both answers, and its clock went on as this node's did. */
function isContinued(last: Answer, next: Answer): boolean {
  const passedMs = next.clockMs - last.clockMs;
  const isSteady =
    passedMs > next.sentMs - last.receivedMs - stepMs && passedMs < next.receivedMs - last.sentMs + stepMs;
  return isSteady && next.server === last.server;
}
