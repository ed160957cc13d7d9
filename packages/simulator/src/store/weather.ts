/** How often what goes wrong between a coordinator and the store, as probabilities per operation. */
export interface StoreFaults {
  /** The store says that nothing was done. */
  readonly notDone: number;
  /** The connection is lost before the store did anything. */
  readonly lost: number;
  /** The connection is lost and the store does it all the same: before, or after the coordinator has noticed. */
  readonly doneUnknown: number;
  /**
   * Shared stores: a batch is divided, as after a deadlock or at a lock: its writes are done in parts, and others come in
   * between. Where the connection is lost meanwhile, some are done and the rest is not.
   */
  readonly divided: number;
  /** It takes much longer than usual. */
  readonly slow: number;
  /** Embedded stores only: the disk fails in the middle of it, and the process must end. */
  readonly fatal: number;
}

export const calmStore: StoreFaults = { notDone: 0, lost: 0, doneUnknown: 0, divided: 0, slow: 0, fatal: 0 };

/** The state of the store's surroundings now; the nemesis changes it. */
export interface StoreWeather {
  faults: StoreFaults;
  /** Machines whose heartbeats get no answer, while everything else goes through. */
  readonly withoutHeartbeat: Set<string>;
  /** Machines that cannot reach the store at all. */
  readonly cutOff: Set<string>;
  /** Embedded stores only: the disk is full. */
  isFull: boolean;
  /** Shared stores: how often the server was started again. What was under way then is cut, done or not. */
  restarts: number;
}

export function calmWeather(): StoreWeather {
  return { faults: calmStore, withoutHeartbeat: new Set(), cutOff: new Set(), isFull: false, restarts: 0 };
}
