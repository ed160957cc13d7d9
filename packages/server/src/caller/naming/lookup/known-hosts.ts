import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Runtime } from '../../../engine/ports.ts';
import type { FoundHost, Hosts } from '../../dial/dialer.ts';
import type { HostLookup } from './host-lookup.ts';
import { type LookupTally, type MemoryLimits, RememberedLookups } from './remembered-lookups.ts';

export interface KnownHostsParts {
  readonly lookup: HostLookup;
  /** The machine's time. */
  readonly runtime: Runtime;
  readonly limits: MemoryLimits;
  readonly tally: LookupTally;
}

/** The addresses that DNS has of a host. Connections take turns, because what they are made to is shared by them. */
class HostAddresses {
  readonly #addresses: readonly string[];
  turn: number;

  constructor(addresses: readonly string[], turn = 0) {
    this.#addresses = addresses;
    this.turn = turn;
  }

  next(): readonly string[] {
    const first = this.turn % this.#addresses.length;
    this.turn = (this.turn + 1) % Number.MAX_SAFE_INTEGER;
    return first === 0 ? this.#addresses : [...this.#addresses.slice(first), ...this.#addresses.slice(0, first)];
  }
}

/** How often the addresses of this machine are looked at. */
const interfacesMs = 10_000;

/** Hosts of plain URLs: what the machine knows itself is asked of it each time, what DNS says is remembered. */
export class KnownHosts implements Hosts {
  readonly #parts: KnownHostsParts;
  readonly #lookups: RememberedLookups<string, HostAddresses>;
  #hasIpv6 = false;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: KnownHostsParts) {
    this.#parts = parts;
    this.#lookups = new RememberedLookups<string, HostAddresses>({
      ...parts,
      keyOf: (host) => host.toLowerCase(),
      lookUp: async (host, former) => {
        const looked = await parts.lookup.lookUp(host);
        return looked.kind === 'found' ? { ...looked, answer: new HostAddresses(looked.answer, former?.turn) } : looked;
      },
    });
  }

  find(host: string, done: (found: FoundHost) => void): void {
    const local = this.#parts.lookup.local(host);
    if (local !== undefined) {
      done({ addresses: this.#inOrder(local) });
      return;
    }
    this.#lookups.resolve(host, (known) => {
      done(known.kind === 'found' ? { addresses: this.#inOrder(known.answer.next()) } : known);
    });
  }

  doubt(host: string): void {
    this.#lookups.doubt(host);
  }

  /** As systems do it (RFC 6724, in short): IPv6 first, where this machine has it. */
  #inOrder(addresses: readonly string[]): readonly string[] {
    if (addresses.length === 1) return addresses;
    const isUsable = (address: string) => isIPv6(address) && (address === '::1' || this.#hasGlobalIpv6());
    return [...addresses.filter(isUsable), ...addresses.filter((address) => !isUsable(address))];
  }

  #hasGlobalIpv6(): boolean {
    const nowMs = this.#parts.runtime.monotonicMs();
    if (nowMs - this.#lookedMs >= interfacesMs) {
      this.#lookedMs = nowMs;
      this.#hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
        addresses?.some(
          ({ family, internal, address }) => family === 'IPv6' && !internal && !/^fe[89ab]/.test(address),
        ),
      );
    }
    return this.#hasIpv6;
  }
}
