import type { ServiceName } from '@holdfast/core';
import type { Rotation } from './address.ts';

/** Finds the addresses of services. Static names and DNS are two of them. */
export interface NameResolver {
  /** Calls back once, at once where it knows. */
  resolve(name: ServiceName, done: (found: Found) => void): void;
  /** None of its addresses could be reached: look again, soon. */
  doubt(name: ServiceName): void;
}

export type Found =
  | { readonly kind: 'found'; readonly rotation: Rotation }
  /** For the record of the attempt; nothing was found now. `isLocal`: this machine could not look. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly isLocal?: boolean };
