import type { Statistics } from '../kernel/statistics.ts';
import { type Court, machineOf, processOf } from './court.ts';

/** How long a heartbeat counts for its owner: five seconds, less a second of margin, from when it was sent. */
const leaseMs = 4000;

interface Deadlines {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** The leases as each node may believe in them, by its own two clocks. */
export class Leases {
  readonly #court: Court;
  readonly #deadlines = new Map<string, Deadlines>();
  readonly #ended = new Set<string>();
  readonly #statistics: Statistics;
  /** Process to the incarnation it was seen as last. */
  readonly #incarnations = new Map<string, string>();

  constructor(court: Court, statistics: Statistics) {
    this.#court = court;
    this.#statistics = statistics;
  }

  /** A heartbeat leaves; the function returned is called when its answer has reached the process. */
  sent(process: string, incarnation: string): () => void {
    const clock = this.#court.machines().get(machineOf(process));
    if (clock === undefined) return () => undefined;
    const known = this.#incarnations.get(process);
    if (known !== undefined && known !== incarnation) this.#statistics.count('went on as a new incarnation');
    this.#incarnations.set(process, incarnation);
    const deadlines = { monotonicMs: clock.monotonicMs() + leaseMs, wallMs: clock.wallMs() + leaseMs };
    return () => this.#deadlines.set(incarnation, deadlines);
  }

  /** The process knows that this incarnation has lost its lease: it lives on as another one. */
  hasGoneOn(process: string, incarnation: string): boolean {
    const known = this.#incarnations.get(process);
    return known !== undefined && known !== incarnation;
  }

  /** An exclusive store's lock is the lease. */
  isValid(process: string, incarnation: string): boolean {
    if (this.#court.isExclusive) return this.#court.database.lockedBy === process;
    const clock = this.#court.machines().get(machineOf(process));
    const deadlines = this.#deadlines.get(incarnation);
    if (clock === undefined || deadlines === undefined || this.#ended.has(incarnation)) return false;
    return clock.monotonicMs() < deadlines.monotonicMs && clock.wallMs() < deadlines.wallMs;
  }

  /** A process takes a heartbeat back. Its own incarnation acts no more, whatever answers still come. */
  ended(process: string, incarnation: string): void {
    if (processOf(incarnation) === process) this.#ended.add(incarnation);
  }

  /** Whoever may still believe in its lease, by the clocks of its own machine, is alive. */
  isDead(owner: string): boolean {
    return !this.isValid(processOf(owner), owner);
  }
}
