import type { PrivateServer } from '../../lib/servers/private-server.ts';

/** A private database server with the tables of a store, and a way into it beside the store. */
export interface DatabaseFixture {
  /** As in the settings. */
  readonly url: string;
  readonly server: PrivateServer;
  /** What nothing should be left of: finished transactions that count as unfinished, and owners that nobody knows. */
  leftovers(): Promise<{ readonly unfinished: number; readonly owners: number }>;
  /** Closes its own connection. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}
