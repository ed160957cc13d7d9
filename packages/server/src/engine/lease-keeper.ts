import { HoldfastError } from '@holdfast/core';
import { Incarnation, type IncarnationContext } from './incarnation.ts';
import { HeartbeatLease, LockLease } from './lease.ts';
import { Neighbours } from './neighbours.ts';

/** Who this node is, for those it shares a store with. */
export interface NodeIdentity {
  /** For people: of no other node. */
  readonly name: string;
  /** Of the program. */
  readonly version: string;
  /** What this program can read that older ones cannot. */
  readonly features: readonly string[];
}

export interface LeaseContext extends Omit<IncarnationContext, 'dead'> {
  readonly node: NodeIdentity;
  /** It is about to stop. */
  isDraining(): boolean;
}

/** Holds this node's lease on the store. With each new lease the node begins a new incarnation. */
export class LeaseKeeper {
  readonly #context: LeaseContext;
  readonly #neighbours = new Neighbours();
  #lease: LockLease | HeartbeatLease | undefined;
  #incarnation: Incarnation | undefined;
  /** Hands back what it drives: what is lost now is left to others. */
  #closing = false;
  #ended = false;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  /** The latest, also where its lease has lapsed. */
  get incarnation(): Incarnation | undefined {
    return this.#incarnation;
  }

  isValid(): boolean {
    return this.#incarnation?.lease.isValid() === true;
  }

  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation {
    const incarnation = this.#incarnation;
    if (incarnation === undefined || this.#ended || !incarnation.lease.isValid()) {
      throw new HoldfastError('UNAVAILABLE', 'the coordinator has no lease on its store now', { retryAfterMs: 1000 });
    }
    return incarnation;
  }

  /** On a store for one process: its lock, which is held, is the lease. */
  takeLock(): void {
    this.#begin(new LockLease(this.#context.runtime.newId()));
  }

  /** On a shared store: the first heartbeat gives the clock and the lease. */
  async join(): Promise<void> {
    const { runtime, clock } = this.#context;
    const lease = new HeartbeatLease(runtime.newId(), runtime);
    clock.startAt(await this.#heartbeat(lease));
    this.#begin(lease);
  }

  /** A lapsed lease cannot be renewed: others may have taken over. The node goes on as a new incarnation. */
  async renew(): Promise<void> {
    const { runtime, clock } = this.#context;
    const lease = this.#lease;
    if (!(lease instanceof HeartbeatLease)) return;
    if (lease.isValid()) {
      await this.#heartbeat(lease);
      return;
    }
    this.#incarnation?.end();
    if (this.#closing) return;
    const next = new HeartbeatLease(runtime.newId(), runtime);
    clock.forget();
    await this.#heartbeat(next);
    if (!this.#ended && !this.#closing) this.#begin(next);
  }

  /** Resolves when all that this node drives has been handed back. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#incarnation?.close();
  }

  /** Nobody need wait for the heartbeat to age. Where something is still out it must, so that it ends first. */
  async retire(): Promise<void> {
    const { store } = this.#context;
    if (!store.exclusive && this.#lease !== undefined) await store.retire(this.#lease.incarnation);
  }

  end(): void {
    this.#ended = true;
    this.#lease?.end();
    this.#incarnation?.end();
  }

  #begin(lease: LockLease | HeartbeatLease): void {
    this.#lease = lease;
    this.#incarnation = new Incarnation({ ...this.#context, dead: () => this.#neighbours.dead }, lease);
    this.#incarnation.start();
  }

  /** Answers with the store's clock. */
  async #heartbeat(lease: HeartbeatLease): Promise<number> {
    const { runtime, store, clock, node, isDraining } = this.#context;
    const { incarnation } = lease;
    const sentMs = runtime.monotonicMs();
    const sentWallMs = runtime.wallMs();
    const { name, version, features } = node;
    const heard = await store.heartbeat({ incarnation, node: name, version, features, isDraining: isDraining() });
    const receivedMs = runtime.monotonicMs();
    clock.measure(heard.clockMs, sentMs, receivedMs);
    this.#neighbours.hear(heard, incarnation, sentMs, receivedMs);
    lease.renew(sentMs, sentWallMs);
    return heard.clockMs;
  }
}
