import type { ServiceName } from '@holdfast/core';
import { type Address, Rotation } from './address.ts';
import type { Found, NameResolver } from './name-resolver.ts';

/** Names of the settings, each with its addresses. */
export class Aliases implements NameResolver {
  readonly #rotations: ReadonlyMap<string, Rotation>;

  constructor(names: Readonly<Record<string, readonly string[]>>) {
    this.#rotations = new Map(
      Object.entries(names).map(([name, addresses]) => [name, new Rotation(addresses.map(addressOf))]),
    );
  }

  resolve({ name }: ServiceName, done: (found: Found) => void): void {
    const rotation = this.#rotations.get(name);
    if (rotation === undefined) {
      done({ kind: 'unknown', reason: `svc://${name} is not among the names of the settings any more; put it back` });
    } else done({ kind: 'found', rotation });
  }

  /** They are as the settings say. */
  doubt(): void {}
}

function addressOf(text: string): Address {
  return { base: text.replace(/\/+$/, ''), authority: '', priority: 0, weight: 0 };
}
