import type { Socket } from 'node:net';
import type { Runtime } from '../../../engine/ports.ts';
import type { Dialer, DialFailure, Dialing } from '../../dial/dialer.ts';
import type { SenderLimits } from '../limits.ts';
import type { HttpPlace } from '../target.ts';
import type { Wire, WireWaiter } from '../wire.ts';
import { Http2Session } from './session.ts';

export interface Http2SessionsParts {
  readonly limits: SenderLimits;
  readonly dialer: Dialer;
  /** The machine's time. */
  readonly upkeep: Runtime;
}

/** A connection that is being made, and the calls that wait for it. */
interface Opening {
  readonly waiters: Set<WireWaiter>;
  dialing: Dialing | undefined;
  session: Http2Session | undefined;
}

/** Connections of HTTP/2 by origin: a call goes on one that has a stream free, or waits for the next one. */
export class Http2Sessions {
  readonly #parts: Http2SessionsParts;
  readonly #sessions = new Map<string, Set<Http2Session>>();
  readonly #openings = new Map<string, Opening>();
  #isClosed = false;

  constructor(parts: Http2SessionsParts) {
    this.#parts = parts;
  }

  take(origin: string, bodyBytes: number): Wire | undefined {
    for (const session of this.#sessions.get(origin) ?? []) {
      const wire = session.take(bodyBytes);
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
    for (const sessions of this.#sessions.values()) for (const session of [...sessions]) session.retire();
  }

  #begin(place: HttpPlace): Opening {
    const opening: Opening = { waiters: new Set(), dialing: undefined, session: undefined };
    this.#openings.set(place.origin, opening);
    this.#dial(place, opening);
    return opening;
  }

  #dial(place: HttpPlace, opening: Opening): void {
    const { origin, host, port } = place;
    opening.dialing = this.#parts.dialer.dial({ host, port, tls: { alpn: ['h2'] } }, (result) => {
      if ('failed' in result) this.#failed(origin, opening, result.failed);
      else this.#connected(place, opening, result.ok.socket);
    });
  }

  #connected(place: HttpPlace, opening: Opening, socket: Socket): void {
    const { limits, upkeep } = this.#parts;
    const { origin } = place;
    const session: Http2Session = new Http2Session({
      origin,
      socket,
      limits,
      upkeep,
      opened: (why) => {
        if (why === undefined) this.#opened(place, opening, session);
        else this.#failed(origin, opening, { message: `${place.host}: ${why}`, isLocal: false });
      },
      retired: () => this.#retired(origin, session),
    });
    opening.session = session;
  }

  #opened(place: HttpPlace, opening: Opening, session: Http2Session): void {
    const { origin } = place;
    const sessions = this.#sessions.get(origin) ?? new Set();
    this.#sessions.set(origin, sessions.add(session));
    opening.session = undefined;
    let served = 0;
    for (const waiter of opening.waiters) {
      // It is new, and fresh enough for any body.
      const wire = session.take(0);
      if (wire === undefined) break;
      served += 1;
      opening.waiters.delete(waiter);
      waiter.wireOpened(wire);
    }
    if (opening.waiters.size === 0) this.#openings.delete(origin);
    else if (served > 0) this.#dial(place, opening);
    else this.#failed(origin, opening, { message: `${place.host}: it takes no call at all`, isLocal: false });
    if (this.#isClosed) session.retire();
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
    opening.session?.retire();
  }

  #retired(origin: string, session: Http2Session): void {
    const sessions = this.#sessions.get(origin);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessions.delete(origin);
  }
}
