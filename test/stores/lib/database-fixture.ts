import type { RemoteSettings } from '../../../packages/server/src/store/remote/remote-store.ts';
import type { Store } from '../../../packages/server/src/store/store.ts';
import type { Protocol } from '../../lib/proxy/messages.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';

/** A private database server with the tables of a store, and a way into it beside the store. */
export interface DatabaseFixture {
  /** As in the settings. */
  readonly url: string;
  readonly server: PrivateServer;
  readonly protocol: Protocol;
  /** The same, through what stands before it. */
  urlAt(port: number): string;
  /** A store on it, not opened yet. */
  store(more?: Partial<RemoteSettings>): Store;
  /** What nothing should be left of: finished transactions that count as unfinished, and owners that nobody knows. */
  leftovers(): Promise<{ readonly unfinished: number; readonly owners: number }>;
  /** Closes its own connection. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}
