import type { Runtime } from '../../../engine/ports.ts';
import type { Dialer, DialFailure, Dialing } from '../../dial/dialer.ts';
import type { SenderLimits } from '../limits.ts';
import type { HttpPlace } from '../target.ts';
import type { Wire, WireWaiter } from '../wire.ts';
import type { Http2Connections } from './connections.ts';

export interface Http2OriginsParts {
  readonly limits: SenderLimits;
  readonly dialer: Dialer;
  /** The machine's time. */
  readonly upkeep: Runtime;
}

/** After so long HTTP/1.1 is offered again. */
const knownForMs = 10 * 60_000;
/** The one that was learnt of first is forgotten first. */
const mostOrigins = 1000;

/** The services that speak HTTP/2 only, as their TLS handshakes have shown, and the connections to them. */
export class Http2Origins {
  readonly #parts: Http2OriginsParts;
  readonly #untilMs = new Map<string, number>();
  /** Loaded when the first such service is met. */
  #connections: Http2Connections | undefined;
  #loading: Promise<Http2Connections> | undefined;
  #isClosed = false;

  constructor(parts: Http2OriginsParts) {
    this.#parts = parts;
  }

  /** A free stream on an open connection. */
  take(origin: string, bodyBytes: number): Wire | undefined {
    return this.#connections?.take(origin, bodyBytes);
  }

  /** HTTP/1.1 first, HTTP/2 where the service does not speak that, and the other way round where that is known. */
  open(place: HttpPlace, waiter: WireWaiter, openHttp1: (waiter: WireWaiter) => Dialing): Dialing {
    const { origin } = place;
    const untilMs = this.#untilMs.get(origin);
    const isKnown = untilMs !== undefined && this.#parts.upkeep.monotonicMs() < untilMs;
    const ways = [openHttp1, (again: WireWaiter) => this.#open(place, again)];
    const negotiation = new Negotiation(waiter, isKnown ? ways.reverse() : ways);
    negotiation.next();
    return negotiation;
  }

  close(): void {
    this.#isClosed = true;
    this.#connections?.close();
  }

  #open(place: HttpPlace, waiter: WireWaiter): Dialing {
    const learning: WireWaiter = {
      wireOpened: (wire) => {
        this.#learn(place.origin);
        waiter.wireOpened(wire);
      },
      wireFailed: (failure) => {
        this.#untilMs.delete(place.origin);
        waiter.wireFailed(failure);
      },
    };
    if (this.#connections !== undefined) return this.#connections.open(place, learning);
    let dialing: Dialing | undefined;
    let isCancelled = false;
    this.#loading ??= this.#load();
    this.#loading.then(
      (connections) => {
        if (!isCancelled) dialing = connections.open(place, learning);
      },
      (error: unknown) => {
        // Perhaps for want of a descriptor: the next call tries again.
        this.#loading = undefined;
        if (!isCancelled) learning.wireFailed({ message: `HTTP/2 cannot be loaded: ${error}`, isLocal: true });
      },
    );
    return {
      cancel: () => {
        isCancelled = true;
        dialing?.cancel();
      },
      get waitsFor() {
        return dialing?.waitsFor ?? 'connection';
      },
    };
  }

  async #load(): Promise<Http2Connections> {
    const { Http2Connections } = await import('./connections.ts');
    this.#connections = new Http2Connections(this.#parts);
    if (this.#isClosed) this.#connections.close();
    return this.#connections;
  }

  #learn(origin: string): void {
    this.#untilMs.delete(origin);
    this.#untilMs.set(origin, this.#parts.upkeep.monotonicMs() + knownForMs);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= mostOrigins) break;
      this.#untilMs.delete(oldest);
    }
  }
}

/** Goes one way after the other, as long as the service speaks none of the protocols that were offered. */
class Negotiation implements Dialing, WireWaiter {
  readonly #waiter: WireWaiter;
  readonly #ways: ((waiter: WireWaiter) => Dialing)[];
  #dialing: Dialing | undefined;

  constructor(waiter: WireWaiter, ways: ((waiter: WireWaiter) => Dialing)[]) {
    this.#waiter = waiter;
    this.#ways = ways;
  }

  next(): void {
    this.#dialing = this.#ways.shift()?.(this);
  }

  get waitsFor(): string {
    return this.#dialing?.waitsFor ?? 'connection';
  }

  cancel(): void {
    this.#dialing?.cancel();
  }

  wireOpened(wire: Wire): void {
    this.#waiter.wireOpened(wire);
  }

  wireFailed(failure: DialFailure): void {
    if (failure.isOtherProtocol === true && this.#ways.length > 0) this.next();
    else this.#waiter.wireFailed(failure);
  }
}
