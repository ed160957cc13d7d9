import type { EngineClock } from './clock.ts';
import type { DestinationShown, HeldPlace } from './ports.ts';

/** A call that holds a place. Times are engine time. */
export type ExplainedPlace = HeldPlace;

/** An origin as operators see it. Times are engine time. */
export type ExplainedDestination = DestinationShown;

export function explainedPlace(place: HeldPlace, clock: EngineClock): ExplainedPlace {
  return { ...place, sinceMs: clock.fromMonotonic(place.sinceMs), untilMs: clock.fromMonotonic(place.untilMs) };
}

export function explainedDestination(shown: DestinationShown, clock: EngineClock): ExplainedDestination {
  const { probeMs, longest } = shown;
  return {
    ...shown,
    probeMs: probeMs === undefined ? undefined : clock.fromMonotonic(probeMs),
    longest: longest.map((place) => explainedPlace(place, clock)),
  };
}
