import { createLookups, createNaming, type Lookups, type Naming } from './caller/naming/naming-caller.ts';
import { dnsServersIn } from './config/dns-servers.ts';
import type { Settings } from './config/schema.ts';
import type { Caller, Runtime } from './engine/ports.ts';
import type { Metrics } from './observe/metrics.ts';
import { systemRuntime } from './runtime.ts';

/** How names in URLs are looked up; the metrics show it. */
export function lookupsOf({ dns }: Pick<Settings, 'dns'>, metrics: Metrics, shortage: (code: string) => void): Lookups {
  const lookups = createLookups({ ...dns, servers: dnsServersIn(dns.servers) }, systemRuntime, shortage);
  const { tally } = lookups;
  for (const result of ['found', 'gone', 'failed'] as const) {
    metrics.total(`holdfast_lookups_${result}_total`, helps[result], () => tally[result]);
  }
  return lookups;
}

const helps = {
  found: 'Look-ups of names that found addresses.',
  gone: 'Look-ups of names that do not exist.',
  failed: 'Look-ups of names that DNS did not answer.',
} as const;

/**
 * @param next calls concrete addresses
 * @param runtime the time that calls are on; DNS is asked on the machine's own
 * @param waits told of calls that wait for DNS
 */
export function namingOf(
  { names }: Pick<Settings, 'names'>,
  lookups: Lookups,
  next: Caller,
  runtime: Runtime,
  waits?: () => () => void,
): Naming {
  return createNaming({ next, runtime, upkeep: systemRuntime, names, lookups, ...(waits && { waits }) });
}
