import { HoldfastError } from '@holdfast/core';
import type { DeadOwner, Heard } from '../store/nodes.ts';
import { StoreError } from '../store/store.ts';
import { Incarnation, type IncarnationContext } from './incarnation.ts';
import { HeartbeatLease, heartbeatTimes, LockLease } from './lease.ts';
import { Neighbours } from './neighbours.ts';
import { type ShownNode, shownNode } from './nodes.ts';
import type { Timer } from './ports.ts';
import { type ServerClock, standsMs } from './server-clock.ts';
import { tellJump, toldJump } from './shared-jump.ts';

/** Who this node is, for those it shares a store with. */
export interface NodeIdentity {
  /** For people: of no other node. */
  readonly name: string;
  /** Of the program. */
  readonly version: string;
}

export interface LeaseContext extends Omit<IncarnationContext, 'dead' | 'deadMs' | 'takers' | 'emptied'> {
  /** Undefined: nothing but a hand moves time. */
  readonly serverClock: ServerClock | undefined;
  readonly node: NodeIdentity;
  /** A heartbeat was answered. */
  answered(): void;
  /** It is about to stop. */
  isDraining(): boolean;
  /** Somebody has asked this node to drain; told again with each heartbeat. */
  drainAsked(): void;
  /** Only newer programs may use the store from now on; told again with each heartbeat. */
  refused(reason: string): void;
}

/** Heartbeats come so much earlier or later, so that many nodes do not come together. */
const jitter = 0.05;
/** After one that was not answered: the lease is short. */
const retryMs = 200;
const leastPauseMs = 50;
/** A start gives up after so long without an answer. */
const joinForMs = 10_000;

/** Holds this node's lease on the store. With each new lease the node begins a new incarnation. */
export class LeaseKeeper {
  readonly #context: LeaseContext;
  readonly #neighbours = new Neighbours();
  #lease: LockLease | HeartbeatLease | undefined;
  #incarnation: Incarnation | undefined;
  /** What takes the place of one that has lapsed, before its first heartbeat is answered. */
  #next: HeartbeatLease | undefined;
  /** The last heartbeat was not answered. */
  #isSilent = false;
  #lapsing: Timer | undefined;
  #isJumpTold = false;
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
    this.#begin(new LockLease(this.#context.upkeep.newId()));
  }

  /**
   * On a shared store: the first heartbeat gives the clock and the lease. A busy server may miss its short deadline.
   * @throws StoreError
   */
  async join(): Promise<void> {
    const { upkeep } = this.#context;
    const lease = new HeartbeatLease(upkeep.newId(), upkeep);
    for (const giveUpMs = upkeep.monotonicMs() + joinForMs; ; ) {
      try {
        await this.#join(lease);
        return;
      } catch (error) {
        const mayPass = error instanceof StoreError && (error.code === 'not-done' || error.code === 'unknown-outcome');
        if (!mayPass || upkeep.monotonicMs() >= giveUpMs) throw error;
      }
      await new Promise<void>((resolve) => upkeep.setTimer(retryMs, resolve));
    }
  }

  async #join(lease: HeartbeatLease): Promise<void> {
    const { serverClock, store } = this.#context;
    const { heard, sentMs, receivedMs } = await this.#beat(lease);
    const jump = await toldJump(store, heard.clockMs, standsMs);
    serverClock?.begin(heard.clockMs, sentMs, receivedMs, jump);
    this.#begin(lease);
  }

  /**
   * A lapsed lease cannot be renewed: others may have taken over. The node goes on as a new incarnation, and leaves at once
   * to whoever is faster what the former one still owns.
   */
  async renew(): Promise<void> {
    const lease = this.#lease;
    if (!(lease instanceof HeartbeatLease)) return;
    const wasSilent = this.#isSilent;
    this.#isSilent = true;
    try {
      await this.#renew(lease);
      this.#isSilent = false;
    } catch (error) {
      const isOfStore = error instanceof StoreError;
      if (isOfStore && error.code === 'newer') {
        this.#isSilent = false;
        this.#context.refused(error.message);
      } else if (isOfStore || !wasSilent) this.#context.failed(error);
    }
  }

  async #renew(lease: HeartbeatLease): Promise<void> {
    if (lease.isValid()) {
      await this.#beatAndMeasure(lease);
      return;
    }
    this.#incarnation?.end();
    if (this.#closing) return;
    // The same one until it is answered: each that is stored would be another node to watch.
    this.#next ??= new HeartbeatLease(this.#context.upkeep.newId(), this.#context.upkeep);
    this.#context.serverClock?.forget();
    await this.#beatAndMeasure(this.#next);
    if (this.#ended || this.#closing) return;
    this.#begin(this.#next);
    this.#next = undefined;
    this.#forgetNode(lease.incarnation);
  }

  /** All coordinators on a shared store, as heard with the last heartbeat. */
  nodes(): readonly ShownNode[] {
    const dead = new Set(this.#neighbours.dead.map(({ incarnation }) => incarnation));
    const own = this.#incarnation?.id;
    return this.#neighbours.nodes.map((beat) => shownNode(beat, own, dead.has(beat.incarnation)));
  }

  /** Of the nodes on the store one does what one is enough for; always this one on a store of its own. */
  get isFirst(): boolean {
    const [first] = [...this.#neighbours.takers].sort();
    return first === undefined || first === this.#incarnation?.id;
  }

  /** How long to wait before the next heartbeat: about a second, less where somebody's death is to be noticed. */
  get pauseMs(): number {
    const { upkeep } = this.#context;
    if (this.#isSilent) return retryMs * (0.5 + upkeep.random());
    const usualMs = heartbeatTimes.everyMs * (1 + jitter * (2 * upkeep.random() - 1));
    const untilDeathMs = (this.#neighbours.nextDeathMs ?? Number.POSITIVE_INFINITY) - upkeep.monotonicMs() + 1;
    return Math.max(leastPauseMs, Math.min(usualMs, untilDeathMs));
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
    this.#lapsing?.cancel();
    this.#lease?.end();
    this.#incarnation?.end();
  }

  #begin(lease: LockLease | HeartbeatLease): void {
    this.#lease = lease;
    const dead = () => this.#neighbours.dead;
    const deadMs = () => this.#neighbours.deadMs;
    const takers = () => this.#neighbours.takers;
    const emptied = (owners: readonly DeadOwner[]) => {
      for (const { incarnation, count } of owners) this.#forgetNode(incarnation, count);
    };
    this.#incarnation = new Incarnation({ ...this.#context, dead, deadMs, takers, emptied }, lease);
    if (this.#closing) void this.#incarnation.close();
    else this.#incarnation.start();
    if (lease instanceof HeartbeatLease) this.#watch(lease);
  }

  /** Ends what it drives when the lease lapses: a heartbeat that hangs tells nothing, and others take over meanwhile. */
  #watch(lease: HeartbeatLease): void {
    this.#lapsing?.cancel();
    this.#lapsing = this.#context.upkeep.setTimer(lease.leftMs, () => {
      if (lease.isValid()) this.#watch(lease);
      else this.#incarnation?.end();
    });
  }

  /** Its heartbeat is of no use any more. Where it stays, it stays dead. */
  #forgetNode(incarnation: string, count?: number): void {
    const { store, failed } = this.#context;
    store.retire(incarnation, count).catch(failed);
  }

  async #beatAndMeasure(lease: HeartbeatLease): Promise<void> {
    const { heard, sentMs, receivedMs, hasLeft } = await this.#beat(lease);
    this.#context.serverClock?.measure(heard.clockMs, sentMs, receivedMs);
    this.#tellJump();
    this.#incarnation?.heard(heard.nextDueMs, hasLeft);
  }

  /** To those that start meanwhile. */
  #tellJump(): void {
    const { serverClock, store, failed } = this.#context;
    const jump = serverClock?.jump;
    const isNew = jump !== undefined && !this.#isJumpTold;
    this.#isJumpTold = jump !== undefined;
    if (!isNew) return;
    tellJump(store, jump).catch((error: unknown) => {
      this.#isJumpTold = false;
      failed(error);
    });
  }

  async #beat(lease: HeartbeatLease): Promise<Beat> {
    const { upkeep, store, node, isDraining } = this.#context;
    const { incarnation } = lease;
    const sentMs = upkeep.monotonicMs();
    const sentWallMs = upkeep.wallMs();
    const { name, version } = node;
    const heard = await store.heartbeat({ incarnation, node: name, version, isDraining: isDraining() });
    const receivedMs = upkeep.monotonicMs();
    this.#context.answered();
    const hasLeft = this.#neighbours.hear(heard, incarnation, sentMs, receivedMs);
    if (heard.nodes.some((beat) => beat.incarnation === incarnation && beat.isDrainAsked)) this.#context.drainAsked();
    if (heard.refusal !== undefined) this.#context.refused(heard.refusal);
    lease.renew(sentMs, sentWallMs);
    if (lease === this.#lease && !this.#ended && lease.isValid()) this.#watch(lease);
    return { heard, sentMs, receivedMs, hasLeft };
  }
}

/** A heartbeat that was answered, with this node's monotonic times. */
interface Beat {
  readonly heard: Heard;
  readonly sentMs: number;
  readonly receivedMs: number;
  /** Somebody may have left transactions. */
  readonly hasLeft: boolean;
}
