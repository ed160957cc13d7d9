import type { Runtime } from '../../../engine/ports.ts';
import { HostLookup } from './host-lookup.ts';
import { KnownHosts } from './known-hosts.ts';
import type { LookupSettings } from './looked.ts';
import type { LookupTally, MemoryLimits } from './remembered-lookups.ts';

/** How names are looked up, and what is known of the hosts of plain URLs. DNS is asked on the machine's own time. */
export interface Lookups {
  readonly hosts: KnownHosts;
  readonly lookup: HostLookup;
  readonly limits: MemoryLimits;
  /** Of all look-ups, whatever they are for. */
  readonly tally: LookupTally;
}

export function createLookups(
  settings: LookupSettings & MemoryLimits,
  runtime: Runtime,
  shortage?: (code: string) => void,
): Lookups {
  const tally = { found: 0, gone: 0, failed: 0 };
  const lookup = new HostLookup({ settings, runtime, ...(shortage && { shortage }) });
  return { hosts: new KnownHosts({ lookup, runtime, limits: settings, tally }), lookup, limits: settings, tally };
}
