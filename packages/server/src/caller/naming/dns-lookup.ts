import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ServiceName } from '@holdfast/core';
import type { Runtime } from '../../engine/ports.ts';
import { reasonOf } from '../failure-reason.ts';
import type { Address } from './address.ts';

/** What one look-up came to. */
export type Looked =
  | { readonly kind: 'found'; readonly addresses: readonly Address[]; readonly ttlMs: number }
  /** DNS has answered: there is no such name. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** DNS has not answered, or cannot say. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface LookupSettings {
  /** Asked in turn; none: those of the system, and the system itself for hosts that they do not know. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  /** For what tells no time, such as service records. */
  readonly ttlMaxMs: number;
}

/** The most records of one answer that are used. */
const mostRecords = 64;
/** Codes with which DNS says that something does not exist. */
const absent: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

interface Host {
  readonly ip: string;
  readonly ttlMs: number;
}

/** Asks DNS, for as long as the settings let it: whatever has not answered by then is left alone. Never rejects. */
export async function lookUp(name: ServiceName, settings: LookupSettings, runtime: Runtime): Promise<Looked> {
  // Three quarters of the time for a first and a second try, which takes twice as long as the first.
  const resolver = new Resolver({ timeout: Math.ceil(settings.timeoutMs / 4), tries: 2 });
  const late = Promise.withResolvers<Looked>();
  const timer = runtime.setTimer(settings.timeoutMs, () => {
    late.resolve({ kind: 'failed', reason: `DNS did not answer within ${settings.timeoutMs} ms` });
    resolver.cancel();
  });
  const looked = await Promise.race([late.promise, ask(name, resolver, settings)]);
  timer.cancel();
  return looked;
}

async function ask(name: ServiceName, resolver: Resolver, settings: LookupSettings): Promise<Looked> {
  try {
    if (settings.servers.length > 0) resolver.setServers(settings.servers);
    const addresses = await (name.kind === 'srv' ? serviceAddresses : hostAddresses)(name, resolver, settings);
    return found(addresses, settings);
  } catch (error) {
    if (absent.has(codeOf(error))) return { kind: 'gone', reason: `DNS does not know the name (${codeOf(error)})` };
    return { kind: 'failed', reason: `DNS gave no answer: ${reasonOf(error)}` };
  }
}

interface Timed extends Address {
  readonly ttlMs: number;
}

function found(addresses: readonly Timed[], { ttlMaxMs }: LookupSettings): Looked {
  const ttlMs = Math.min(ttlMaxMs, ...addresses.map((address) => address.ttlMs));
  return { kind: 'found', addresses, ttlMs };
}

async function hostAddresses(name: ServiceName, resolver: Resolver, settings: LookupSettings): Promise<Timed[]> {
  const hosts = await hostsOf(name.name, resolver, settings);
  const authority = isIP(name.name) > 0 ? '' : `${name.name}:${name.port}`;
  return hosts.map(({ ip, ttlMs }) => ({ base: withPort(ip, name.port), authority, priority: 0, weight: 0, ttlMs }));
}

/** Each host of a service record by its addresses: they share its priority and weight. */
async function serviceAddresses(name: ServiceName, resolver: Resolver, settings: LookupSettings): Promise<Timed[]> {
  const records = (await resolver.resolveSrv(name.name)).filter((record) => record.name !== '' && record.name !== '.');
  if (records.length === 0) throw Object.assign(new Error('it has no service records'), { code: 'ENODATA' });
  const nearest = records.toSorted((left, right) => left.priority - right.priority).slice(0, mostRecords);
  const hosts = await Promise.allSettled(nearest.map((record) => hostsOf(record.name, resolver, settings)));
  const addresses = nearest.flatMap(({ name: host, port, priority, weight }, index) => {
    const looked = hosts[index];
    if (looked?.status !== 'fulfilled') return [];
    const authority = `${host}:${port}`;
    return looked.value.map(({ ip, ttlMs }) => ({ base: withPort(ip, port), authority, priority, weight, ttlMs }));
  });
  if (addresses.length === 0) throw hosts.find((looked) => looked.status === 'rejected')?.reason;
  return addresses.slice(0, mostRecords);
}

/** In a fixed order, so that turns go round whatever order DNS gives. @throws Error with a code where there is none */
async function hostsOf(host: string, resolver: Resolver, settings: LookupSettings): Promise<readonly Host[]> {
  if (isIP(host) > 0) return [{ ip: host, ttlMs: settings.ttlMaxMs }];
  const answers = await Promise.allSettled([
    resolver.resolve4(host, { ttl: true }),
    resolver.resolve6(host, { ttl: true }),
  ]);
  const hosts = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value.map(({ address, ttl }) => ({ ip: address, ttlMs: ttl * 1000 })) : [],
  );
  if (hosts.length > 0) return hosts.toSorted((left, right) => (left.ip < right.ip ? -1 : 1)).slice(0, mostRecords);
  const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  const failure = errors.find((error) => !absent.has(codeOf(error)));
  if (failure !== undefined) throw failure;
  if (settings.servers.length > 0) throw errors[0];
  // The hosts file, search domains and whatever else the machine knows.
  const known = await lookup(host, { all: true });
  return known.map(({ address }) => ({ ip: address, ttlMs: settings.ttlMaxMs })).slice(0, mostRecords);
}

function withPort(ip: string, port: number): string {
  return isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
