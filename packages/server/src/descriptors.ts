import { readFileSync } from 'node:fs';
import { localFaultOf } from './caller/local-fault.ts';
import { CommandError } from './cli/error.ts';
import type { Settings } from './config/schema.ts';

/** For node, the log, the store and its backup, and the ports: it does not start with fewer. */
const leastDescriptors = 64;
/** Sockets of look-ups: as many names are looked up at once, for two kinds of names. */
const lookupDescriptors = 128;

/**
 * A warning, where this process may open fewer files than the settings may need; undefined: it may open enough, or
 * nobody knows how many.
 * @throws CommandError where they are too few to start
 */
export function descriptorCaution(settings: Settings, limit = descriptorLimit()): string | undefined {
  const { http, grpc, destinations, calls } = settings;
  const overGrpc = grpc.serve === 'on' ? grpc.maxConnections : 0;
  const idle = 2 * calls.idleConnections;
  const needed = http.maxConnections + overGrpc + destinations.inFlight + idle + lookupDescriptors + leastDescriptors;
  if (limit === undefined || limit >= needed) return undefined;
  const raise = 'Raise it: ulimit -n, LimitNOFILE of systemd, --ulimit nofile of Docker.';
  if (limit < leastDescriptors) {
    throw new CommandError(
      `the limit of open files is ${limit === 0 ? 'used up at the start' : limit}. Holdfast needs ${leastDescriptors} to start, and ${needed} for all that its settings allow.\n${raise}`,
    );
  }
  return (
    `the limit of open files is ${limit}, and the settings allow for ${needed}: ${http.maxConnections} connections over HTTP ` +
    `(http.maxConnections), ${overGrpc} over gRPC (grpc.maxConnections), ${destinations.inFlight} calls (destinations.inFlight), ` +
    `${idle} connections without calls (calls.idleConnections). Without descriptors calls wait and clients are refused. ${raise}`
  );
}

/** Of this process; undefined: no limit, or a system that does not say. Node has raised it as far as it may. */
function descriptorLimit(): number | undefined {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch (error) {
    // There is not even one for this.
    return localFaultOf(error) === undefined ? undefined : 0;
  }
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
