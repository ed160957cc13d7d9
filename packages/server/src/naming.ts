import { Aliases } from './caller/naming/aliases.ts';
import { lookUp } from './caller/naming/dns-lookup.ts';
import { DnsNames } from './caller/naming/dns-names.ts';
import { NamingCaller } from './caller/naming/naming-caller.ts';
import { dnsServersIn } from './config/dns-servers.ts';
import type { Settings } from './config/schema.ts';
import type { Caller, NameBook, Runtime } from './engine/ports.ts';
import { systemRuntime } from './runtime.ts';

export interface Naming {
  /** Calls services by their names, and everything else as it was. */
  readonly caller: Caller;
  readonly names: NameBook;
}

/**
 * @param next calls concrete addresses
 * @param runtime the time that calls are on; DNS is asked on the machine's own
 * @param waits told of calls that wait for DNS
 */
export function createNaming(
  { names, dns }: Pick<Settings, 'names' | 'dns'>,
  next: Caller,
  runtime: Runtime,
  waits?: () => () => void,
): Naming {
  const aliases = new Aliases(names);
  const lookup = { servers: dnsServersIn(dns.servers), timeoutMs: dns.timeoutMs, ttlMaxMs: dns.ttlMaxMs };
  const resolver = new DnsNames({
    lookUp: (name) => lookUp(name, lookup, systemRuntime),
    runtime: systemRuntime,
    staleMs: dns.staleMs,
    names: dns.names,
  });
  const caller = new NamingCaller({ next, runtime, aliases, dns: resolver, ...(waits && { waits }) });
  return { caller, names: aliases };
}
