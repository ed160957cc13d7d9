import { createNaming, type Naming } from './caller/naming/naming-caller.ts';
import { dnsServersIn } from './config/dns-servers.ts';
import type { Settings } from './config/schema.ts';
import type { Caller, Runtime } from './engine/ports.ts';
import { systemRuntime } from './runtime.ts';

/**
 * @param next calls concrete addresses
 * @param runtime the time that calls are on; DNS is asked on the machine's own
 * @param waits told of calls that wait for DNS
 */
export function namingOf(
  { names, dns }: Pick<Settings, 'names' | 'dns'>,
  next: Caller,
  runtime: Runtime,
  waits?: () => () => void,
): Naming {
  const settings = { aliases: names, dns: { ...dns, servers: dnsServersIn(dns.servers) } };
  return createNaming({ next, runtime, upkeep: systemRuntime, settings, ...(waits && { waits }) });
}
