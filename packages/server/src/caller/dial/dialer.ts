import { isIP } from 'node:net';
import type { Trust } from '../../tls/trust.ts';
import type { Dialing, DialRequest, DialResult } from './dial.ts';
import type { Hosts } from './hosts.ts';
import { Race, type RaceParts } from './race.ts';
import { Sockets } from './sockets.ts';
import { systemHosts } from './system-hosts.ts';

export type { Dialed, DialFailure, Dialing, DialRequest, DialResult } from './dial.ts';
export type { FoundHost, Hosts } from './hosts.ts';

export interface DialerParts extends RaceParts {
  /** Default: what node trusts. */
  readonly trust?: Trust | undefined;
  /** Default: as the system finds them. */
  readonly hosts?: Hosts;
}

/**
 * Opens connections. Of a host with several addresses each is tried: the next one when the last one has failed or has
 * not connected within a quarter of a second. Earlier attempts go on beside later ones, and the first that connects
 * wins. There is no time-out here: whoever dials has one, and cancels.
 */
export class Dialer {
  readonly #parts: DialerParts;
  readonly #sockets: Sockets;
  readonly #hosts: Hosts;

  constructor(parts: DialerParts) {
    this.#parts = parts;
    this.#sockets = new Sockets(parts.trust);
    this.#hosts = parts.hosts ?? systemHosts;
  }

  /** `done` comes once, after this has returned; never after `cancel`. */
  dial(request: DialRequest, done: (result: DialResult) => void): Dialing {
    const { host } = request;
    if (isIP(host) !== 0) {
      const race = new Race(request, this.#sockets, this.#parts, done);
      race.start([host]);
      return race;
    }
    const race = new Race(request, this.#sockets, this.#parts, (result) => {
      if ('failed' in result && !result.failed.isLocal) this.#hosts.doubt(host);
      done(result);
    });
    this.#hosts.find(host, (found) => race.found(found));
    return race;
  }
}
