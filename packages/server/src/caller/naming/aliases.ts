import { grpcTargetOf, isServiceUrl, type ServiceName, serviceNameOf } from '@holdfast/core';
import type { NameBook } from '../../engine/ports.ts';
import { type Address, isHttp, Rotation } from './address.ts';
import type { Found, NameResolver } from './name-resolver.ts';

/** How many names an error lists. */
const mostShown = 20;

/** Names of the settings, each with its addresses. */
export class Aliases implements NameResolver, NameBook {
  readonly #rotations: ReadonlyMap<string, Rotation>;

  constructor(names: Readonly<Record<string, readonly string[]>>) {
    this.#rotations = new Map(
      Object.entries(names).map(([name, addresses]) => [name, new Rotation(addresses.map(addressOf))]),
    );
  }

  resolve({ name }: ServiceName, done: (found: Found) => void): void {
    const rotation = this.#rotations.get(name);
    if (rotation === undefined) {
      done({ kind: 'unknown', reason: `svc://${name} is no longer a name in the settings; put it back` });
    } else done({ kind: 'found', rotation });
  }

  trouble(url: string): string | undefined {
    const name = serviceNameOf(url);
    if (name?.kind !== 'alias') return undefined;
    const rotation = this.#rotations.get(name.name);
    if (rotation === undefined) return `must be svc:// and ${this.#choice()}`;
    const [address] = rotation.addresses;
    if (address === undefined || isHttp(address.base)) return undefined;
    return grpcTargetOf(address.base + name.rest) === undefined
      ? 'must have /package.Service/Method after its name, whose addresses are called by gRPC'
      : undefined;
  }

  isGrpc(url: string): boolean {
    const name = isServiceUrl(url) ? serviceNameOf(url) : undefined;
    if (name?.kind !== 'alias') return false;
    return this.#rotations.get(name.name)?.addresses.some(({ base }) => !isHttp(base)) === true;
  }

  #choice(): string {
    const known = [...this.#rotations.keys()];
    if (known.length === 0) return 'a name of the settings, which have none';
    const more = known.length > mostShown ? `, ... (${known.length} in all)` : '';
    return `a name of the settings: ${known.slice(0, mostShown).join(', ')}${more}`;
  }

  /** They are as the settings say. */
  doubt(): void {}
}

function addressOf(text: string): Address {
  return { base: text.replace(/\/+$/, ''), authority: '', priority: 0, weight: 0 };
}
