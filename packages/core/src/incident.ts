/**
 * What an incident asks of a person. `decision`: it waits for somebody to decide, and does not go on by itself. `failing`:
 * it fails again and again, and goes on by itself as soon as that ends.
 */
export type IncidentKind = 'decision' | 'failing';

/** How the incidents begin of what goes on by itself: runs that end with an error, a FAILURE that cannot be one. */
export const failingPrefixes = { errors: 'failing: ', failures: 'failure-retried: ' } as const;

/** Undefined: there is no incident. */
export function incidentKind(incident: string): IncidentKind | undefined {
  if (incident === '') return undefined;
  return Object.values(failingPrefixes).some((prefix) => incident.startsWith(prefix)) ? 'failing' : 'decision';
}
