import type { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ServiceName } from '@holdfast/core';
import type { Address } from './address.ts';
import { askDns } from './lookup/ask-dns.ts';
import type { HostLookup } from './lookup/host-lookup.ts';
import { type Looked, mostRecords } from './lookup/looked.ts';

export type LookedService = Looked<readonly Address[]>;

/** Asks DNS, for as long as the settings let it. Never rejects. */
export function lookUp(name: ServiceName, hosts: HostLookup): Promise<LookedService> {
  return askDns(hosts.parts, (resolver) =>
    name.kind === 'srv' ? service(name, hosts, resolver) : host(name, hosts, resolver),
  );
}

async function host({ name, port }: ServiceName, hosts: HostLookup, resolver: Resolver): Promise<LookedService> {
  if (isIP(name) > 0) {
    const address = { base: withPort(name, port), authority: '', priority: 0, weight: 0 };
    return { kind: 'found', answer: [address], ttlMs: hosts.parts.settings.ttlMaxMs };
  }
  const looked = await hosts.service(name, resolver);
  if (looked.kind !== 'found') return looked;
  const authority = `${name}:${port}`;
  const answer = looked.answer.map((ip) => ({ base: withPort(ip, port), authority, priority: 0, weight: 0 }));
  return { ...looked, answer };
}

/** Each host of a service record by its addresses: they share its priority and weight. */
async function service({ name }: ServiceName, hosts: HostLookup, resolver: Resolver): Promise<LookedService> {
  const records = (await resolver.resolveSrv(name)).filter((record) => record.name !== '' && record.name !== '.');
  const nearest = records.toSorted((left, right) => left.priority - right.priority).slice(0, mostRecords);
  const looked = await Promise.all(nearest.map((record) => hosts.service(record.name, resolver)));
  const answer: Address[] = [];
  let { ttlMaxMs: ttlMs } = hosts.parts.settings;
  for (const [index, { name: target, port, priority, weight }] of nearest.entries()) {
    const one = looked[index];
    if (one?.kind !== 'found') continue;
    ttlMs = Math.min(ttlMs, one.ttlMs);
    for (const ip of one.answer) {
      answer.push({ base: withPort(ip, port), authority: `${target}:${port}`, priority, weight });
    }
  }
  const unknown = looked.find((one) => one.kind !== 'found');
  if (answer.length > 0) return { kind: 'found', answer: answer.slice(0, mostRecords), ttlMs };
  return unknown ?? { kind: 'gone', reason: 'DNS has no service records of the name' };
}

function withPort(ip: string, port: number): string {
  return isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}
