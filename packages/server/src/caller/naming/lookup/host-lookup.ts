import type { Resolver } from 'node:dns/promises';
import { type AskingParts, addressesOf, askDns } from './ask-dns.ts';
import { type HostsFile, hostsPath, parseHostsFile } from './hosts-file.ts';
import { type Looked, mostRecords } from './looked.ts';
import { parseResolvConf, type ResolvConf, resolvConfPath, wholeNames } from './resolv-conf.ts';
import { SystemLookup } from './system-lookup.ts';
import { TextFile } from './text-file.ts';

export interface HostLookupParts extends AskingParts {
  /** Default: those of the system. */
  readonly hostsPath?: string;
  readonly resolvConfPath?: string;
}

const loopback: readonly string[] = ['::1', '127.0.0.1'];

/** Looks up hosts: in the hosts file, by DNS with the search domains of the system, and last by the system itself. */
export class HostLookup {
  readonly parts: AskingParts;
  readonly #hostsFile: TextFile<HostsFile>;
  readonly #resolvConf: TextFile<ResolvConf>;
  readonly #systemLookup = new SystemLookup();

  constructor(parts: HostLookupParts) {
    const { runtime } = parts;
    this.parts = parts;
    this.#hostsFile = new TextFile(parts.hostsPath ?? hostsPath, parseHostsFile, runtime);
    this.#resolvConf = new TextFile(parts.resolvConfPath ?? resolvConfPath, parseResolvConf, runtime);
  }

  /** What this machine knows by itself. */
  local(host: string): readonly string[] | undefined {
    const name = host.toLowerCase().replace(/\.$/, '');
    const isLoopback = name === 'localhost' || name.endsWith('.localhost');
    return this.#hostsFile.value.get(name) ?? (isLoopback ? loopback : undefined);
  }

  /** A host of a plain URL that is not known locally. */
  lookUp(host: string): Promise<Looked<readonly string[]>> {
    return askDns(this.parts, (resolver) => this.#completed(host, wholeNames(host, this.#resolvConf.value), resolver));
  }

  /** A host that was named for DNS: `dns.servers` know all there is, and the whole name is asked for first. */
  async service(host: string, resolver: Resolver): Promise<Looked<readonly string[]>> {
    const { settings, runtime } = this.parts;
    const { servers, ttlMaxMs } = settings;
    if (servers.length > 0) return addressesOf(host, resolver, runtime, ttlMaxMs);
    const local = this.local(host);
    if (local !== undefined) return { kind: 'found', answer: local, ttlMs: ttlMaxMs };
    return this.#completed(host, wholeNames(host, { ...this.#resolvConf.value, ndots: 0 }), resolver);
  }

  async #completed(host: string, names: readonly string[], resolver: Resolver): Promise<Looked<readonly string[]>> {
    const { settings, runtime } = this.parts;
    const { ttlMaxMs } = settings;
    let unknown: Looked<readonly string[]> = { kind: 'gone', reason: 'DNS does not know the name' };
    for (const name of names) {
      const looked = await addressesOf(name, resolver, runtime, ttlMaxMs);
      // A DNS that is silent about one name will be about the next.
      if (looked.kind === 'found' || (looked.kind === 'failed' && looked.isRefused !== true)) return looked;
      if (unknown.kind !== 'failed') unknown = looked;
    }
    const known = await this.#system(host);
    return known.length === 0 ? unknown : { kind: 'found', answer: known.slice(0, mostRecords), ttlMs: ttlMaxMs };
  }

  /** Nothing where it takes longer than half of the time that there is: DNS, asked first, is quick to say no. */
  async #system(host: string): Promise<readonly string[]> {
    let isLate = false;
    const late = Promise.withResolvers<readonly string[]>();
    const { settings, runtime } = this.parts;
    const timer = runtime.setTimer(settings.timeoutMs / 2, () => {
      isLate = true;
      late.resolve([]);
    });
    const known = await Promise.race([late.promise, this.#systemLookup.find(host, () => !isLate)]);
    timer.cancel();
    return [...new Set(known)];
  }
}
