/** What goes wrong on the way to a service and in it, as probabilities per call. */
export interface NetworkFaults {
  readonly requestLost: number;
  readonly answerLost: number;
  /** The request arrives a second time, perhaps much later. */
  readonly duplicated: number;
  readonly slow: number;
  /** A connection takes long to be made. */
  readonly slowConnect: number;
  /** A connection that has served before ends while it has a call: mostly it was closing already. */
  readonly closes: number;
  /** The service fails before it has done anything. */
  readonly errorBefore: number;
  /** The service has done it, and fails then. */
  readonly errorAfter: number;
  readonly ongoing: number;
  /** A second phase that answers FAILURE: it must be told again. */
  readonly refusesSecondPhase: number;
}

export const calmNetwork: NetworkFaults = {
  requestLost: 0,
  answerLost: 0,
  duplicated: 0,
  slow: 0,
  slowConnect: 0,
  closes: 0,
  errorBefore: 0,
  errorAfter: 0,
  ongoing: 0,
  refusesSecondPhase: 0,
};

/** The state of the network now; the nemesis changes it. */
export interface NetworkWeather {
  faults: NetworkFaults;
  /** Hosts that refuse connections. */
  readonly down: Set<string>;
  /** Hosts that take everything and answer nothing. */
  readonly silent: Set<string>;
}

export function calmNetworkWeather(): NetworkWeather {
  return { faults: calmNetwork, down: new Set(), silent: new Set() };
}
