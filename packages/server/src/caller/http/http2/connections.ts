import type { Runtime } from '../../../engine/ports.ts';
import type { Dialed, Dialer, DialFailure, Dialing } from '../../dial/dialer.ts';
import { Incoming } from '../../http2/session.ts';
import type { SenderLimits } from '../limits.ts';
import type { HttpPlace } from '../target.ts';
import type { Wire, WireWaiter } from '../wire.ts';
import { Http2Connection } from './connection.ts';

export interface Http2ConnectionsParts {
  readonly limits: SenderLimits;
  readonly dialer: Dialer;
  /** The machine's time. */
  readonly upkeep: Runtime;
}

/** A connection that is being made, and the calls that wait for it. */
interface Opening {
  readonly waiters: Set<WireWaiter>;
  dialing: Dialing | undefined;
  connection: Http2Connection | undefined;
}

/** Connections of HTTP/2 by origin: a call goes on one that has a stream free, or waits for the next one. */
export class Http2Connections {
  readonly #parts: Http2ConnectionsParts;
  readonly #connections = new Map<string, Set<Http2Connection>>();
  readonly #openings = new Map<string, Opening>();
  #isClosed = false;

  constructor(parts: Http2ConnectionsParts) {
    this.#parts = parts;
  }

  take(origin: string, bodyBytes: number): Wire | undefined {
    for (const connection of this.#connections.get(origin) ?? []) {
      const wire = connection.take(bodyBytes);
      if (wire !== undefined) return wire;
    }
    return undefined;
  }

  /** All calls that come while a connection is being made wait for the same one. */
  open(place: HttpPlace, waiter: WireWaiter): Dialing {
    const opening = this.#openings.get(place.origin) ?? this.#begin(place);
    opening.waiters.add(waiter);
    return {
      cancel: () => {
        opening.waiters.delete(waiter);
        if (opening.waiters.size === 0) this.#giveUp(place.origin, opening);
      },
      get waitsFor() {
        return opening.dialing?.waitsFor ?? 'connection';
      },
    };
  }

  /** Closes those without calls, and the others as soon as they have none. */
  close(): void {
    this.#isClosed = true;
    for (const connections of this.#connections.values())
      for (const connection of [...connections]) connection.retire('it is not used any more');
  }

  #begin(place: HttpPlace): Opening {
    const opening: Opening = { waiters: new Set(), dialing: undefined, connection: undefined };
    this.#openings.set(place.origin, opening);
    this.#dial(place, opening);
    return opening;
  }

  #dial(place: HttpPlace, opening: Opening): void {
    const { origin, host, port } = place;
    const request = { host, port, tls: { alpn: ['h2'] }, onread: () => new Incoming() };
    opening.dialing = this.#parts.dialer.dial(request, (result) => {
      if ('failed' in result) this.#failed(origin, opening, result.failed);
      else this.#connected(place, opening, result.ok);
    });
  }

  #connected(place: HttpPlace, opening: Opening, { socket, onread }: Dialed): void {
    const { limits, upkeep } = this.#parts;
    const { origin } = place;
    if (!(onread instanceof Incoming)) throw new Error('the dialer gives a socket that reads elsewhere');
    const connection: Http2Connection = new Http2Connection({
      socket,
      incoming: onread,
      limits,
      upkeep,
      opened: (why) => {
        if (why === undefined) this.#opened(place, opening, connection);
        else this.#failed(origin, opening, { message: `${place.host}: ${why}`, isLocal: false });
      },
      retired: () => this.#retired(origin, connection),
    });
    opening.connection = connection;
  }

  #opened(place: HttpPlace, opening: Opening, connection: Http2Connection): void {
    const { origin } = place;
    const connections = this.#connections.get(origin) ?? new Set();
    this.#connections.set(origin, connections.add(connection));
    opening.connection = undefined;
    let served = 0;
    for (const waiter of opening.waiters) {
      // It is new, and fresh enough for any body.
      const wire = connection.take(0);
      if (wire === undefined) break;
      served += 1;
      opening.waiters.delete(waiter);
      waiter.wireOpened(wire);
    }
    if (opening.waiters.size === 0) this.#openings.delete(origin);
    else if (served > 0) this.#dial(place, opening);
    else this.#failed(origin, opening, { message: `${place.host}: it takes no call at all`, isLocal: false });
    if (this.#isClosed) connection.retire('it is not used any more');
  }

  #failed(origin: string, opening: Opening, failure: DialFailure): void {
    this.#openings.delete(origin);
    for (const waiter of opening.waiters) waiter.wireFailed(failure);
    opening.waiters.clear();
  }

  #giveUp(origin: string, opening: Opening): void {
    if (this.#openings.get(origin) !== opening) return;
    this.#openings.delete(origin);
    opening.dialing?.cancel();
    opening.connection?.retire('nobody waits for it');
  }

  #retired(origin: string, connection: Http2Connection): void {
    const connections = this.#connections.get(origin);
    connections?.delete(connection);
    if (connections?.size === 0) this.#connections.delete(origin);
  }
}
