import { type Address, askFor } from './ask.ts';
import type { Output } from './operate.ts';
import { plain } from './plain.ts';
import type { Place } from './story.ts';

interface Destination {
  readonly origin: string;
  readonly callsOut: number;
  readonly places: number;
  readonly longCallsOut: number;
  readonly longPlaces: number;
  readonly waiting: number;
  readonly refused: number;
  readonly breaker: string;
  readonly probeAt: string | null;
  readonly longest: readonly Place[];
}

/** Prints the origins that are called, and the calls that hold their places. */
export async function showDestinations(address: Address, { json = false }: Output): Promise<void> {
  const { destinations } = await askFor(address, 'GET', '/api/v1/destinations');
  if (json) console.log(JSON.stringify({ destinations }, undefined, 2));
  else for (const line of destinationLines(destinations as readonly Destination[])) console.log(line);
}

export function destinationLines(destinations: readonly Destination[]): readonly string[] {
  if (destinations.length === 0) return ['no calls are out or wait, and no breaker is open'];
  return destinations.flatMap(linesOf);
}

function linesOf({ origin, callsOut, places, longCallsOut, longPlaces, ...rest }: Destination): readonly string[] {
  const { waiting, refused, breaker, probeAt, longest } = rest;
  const probe = probeAt === null ? '' : `, the next probe may go at ${probeAt}`;
  const more = callsOut > longest.length ? [`  and ${callsOut - longest.length} more`] : [];
  return [
    `${plain(origin)}  ${callsOut} of ${places} places taken (${longCallsOut} of ${longPlaces} by long calls), ${waiting} wait, ${refused} not made`,
    ...(breaker === 'closed' ? [] : [`  its breaker is ${breaker}${probe}`]),
    ...longest.map(
      ({ gid, branchId, op, since, until }) =>
        `  ${plain(gid)}  ${plain(branchId)} ${plain(op)}  out since ${since}, until ${until} at the latest`,
    ),
    ...more,
  ];
}
