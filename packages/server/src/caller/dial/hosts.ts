/** Finds the addresses of a host. */
export interface Hosts {
  /** Calls back once, at once where it knows. */
  find(host: string, done: (found: FoundHost) => void): void;
  /** None of its addresses could be reached: look again, soon. */
  doubt(host: string): void;
}

export type FoundHost =
  /** In the order in which they are to be tried; at least one. */
  | { readonly addresses: readonly string[] }
  /** `reason` is for people. `isLocal`: this machine could not look it up now, which says nothing about the host. */
  | { readonly reason: string; readonly isLocal: boolean };
