/** Finds the addresses of a host. */
export interface Hosts {
  /** Calls back once, at once where it knows. */
  find(host: string, done: (found: FoundHost) => void): void;
}

export type FoundHost =
  /** In the order in which they are to be tried; at least one. */
  | { readonly addresses: readonly string[] }
  /** For people. */
  | { readonly reason: string };
