/** Coordinators that share one store, as they tell and hear of each other through it. Times are the server's clock. */

/** What an incarnation says with each heartbeat. */
export interface Heartbeat {
  readonly incarnation: string;
  /** The node's name for people: the same for all its incarnations, and of no other node. */
  readonly node: string;
  /** Of the program, without a leading v. */
  readonly version: string;
  /** It takes nothing new: it is about to stop. */
  readonly isDraining: boolean;
}

/** A heartbeat as it is stored. */
export interface NodeBeat extends Heartbeat {
  /** What its program knows: see `Store.format`. */
  readonly format: number;
  /** Its first heartbeat. */
  readonly startedMs: number;
  /** Its last one. */
  readonly beatMs: number;
  /** How many there were: 1 with the first. */
  readonly count: number;
  /** Somebody has asked it to take nothing new and to hand over what it drives. */
  readonly isDrainAsked: boolean;
}

/** What a heartbeat is answered with: all that an idle node asks for, in one round trip. */
export interface Heard {
  readonly clockMs: number;
  /**
   * Names the process of the server that answered: another one after a restart or a failover. What two processes tell
   * of time cannot be compared.
   */
  readonly server: string;
  /** Every stored heartbeat, this one included. */
  readonly nodes: readonly NodeBeat[];
  /** When the first of the unfinished transactions without owner is due, in engine time; undefined: there is none. */
  readonly nextDueMs: number | undefined;
  /** Only newer programs may use the store from now on: why, and what to do. Undefined: this one may. */
  readonly refusal: string | undefined;
}

/** An owner that a node has judged dead, as of its last heartbeat. One more heartbeat, and it is not dead. */
export interface DeadOwner {
  readonly incarnation: string;
  readonly count: number;
}

/** A row as somebody has seen it. */
export interface SeenRow {
  readonly gid: string;
  readonly version: number;
}

/** A row that is not as it was seen. */
export interface ChangedRow {
  readonly gid: string;
  /** 0: it is not stored any more. */
  readonly version: number;
  /** Null: it has ended, or was handed back. */
  readonly owner: string | null;
}
