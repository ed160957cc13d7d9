import type { ServiceName } from '@holdfast/core';
import type { Runtime } from '../../engine/ports.ts';

import { Rotation } from './address.ts';
import type { LookedService } from './dns-lookup.ts';
import { type LookupTally, type MemoryLimits, RememberedLookups } from './lookup/remembered-lookups.ts';
import type { Found, NameResolver } from './name-resolver.ts';

export interface DnsNamesParts {
  /** Asks DNS once, within its own time-out. */
  lookUp(name: ServiceName): Promise<LookedService>;
  /** The machine's time, whatever that of transactions is. */
  readonly runtime: Runtime;
  readonly limits: MemoryLimits;
  readonly tally: LookupTally;
}

/** Services that are named for DNS, each with its addresses and whose turn it is. */
export class DnsNames implements NameResolver {
  readonly #lookups: RememberedLookups<ServiceName, Rotation>;

  constructor({ lookUp, ...parts }: DnsNamesParts) {
    this.#lookups = new RememberedLookups<ServiceName, Rotation>({
      ...parts,
      keyOf: ({ kind, name, port }) => `${kind} ${name} ${port}`,
      lookUp: async (name, former) => {
        const looked = await lookUp(name);
        return looked.kind === 'found' ? { ...looked, answer: new Rotation(looked.answer, former?.turn) } : looked;
      },
    });
  }

  resolve(name: ServiceName, done: (found: Found) => void): void {
    this.#lookups.resolve(name, (known) => {
      done(known.kind === 'found' ? { kind: 'found', rotation: known.answer } : known);
    });
  }

  doubt(name: ServiceName): void {
    this.#lookups.doubt(name);
  }
}
