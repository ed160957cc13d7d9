import { isIP, type OnReadOpts, type Socket } from 'node:net';
import type { Runtime, Timer } from '../../engine/ports.ts';
import { harmless } from '../failure-reason.ts';
import { localFaultOf } from '../local-fault.ts';
import { interleaved, placeOf } from './addresses.ts';
import type { DialFailure, Dialing, DialRequest, DialResult } from './dial.ts';
import { isOtherProtocol, wordsOfFault } from './fault-words.ts';
import type { FoundHost } from './hosts.ts';
import type { Sockets } from './sockets.ts';

/** An attempt that takes longer gets the next address beside it (RFC 8305). */
const staggerMs = 250;
/** So many places are named in one text. */
const mostNamed = 5;

export interface RaceParts {
  /** The machine's time. */
  readonly upkeep: Pick<Runtime, 'setTimer'>;
  /** This machine lacked something for a connection: a code such as EMFILE. */
  shortage?(code: string): void;
}

interface Attempt {
  readonly address: string;
  readonly socket: Socket;
}

/** One dial: the attempts to reach the addresses of a host, of which one wins. */
export class Race implements Dialing {
  readonly #request: DialRequest;
  readonly #sockets: Sockets;
  readonly #parts: RaceParts;
  /** Undefined once it was called, or nobody waits any more. */
  #done: ((result: DialResult) => void) | undefined;
  /** Not tried yet. Undefined: they are being looked for. */
  #left: readonly string[] | undefined;
  /** Under way. */
  #attempts: Attempt[] = [];
  /** Places that were tried in vain, by the reason. */
  readonly #failed = new Map<string, string[]>();
  /** This machine lacked what a connection takes. */
  readonly #shortages = new Set<string>();
  /** An address failed for a reason of its own. */
  #isRefused = false;
  #isOtherProtocol = false;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(request: DialRequest, sockets: Sockets, parts: RaceParts, done: (result: DialResult) => void) {
    this.#request = request;
    this.#sockets = sockets;
    this.#parts = parts;
    this.#done = done;
  }

  get waitsFor(): string {
    const { host, port } = this.#request;
    if (this.#left === undefined) return harmless(`address of ${host}`);
    const places = this.#attempts.map(({ address }) => placeOf(address, port));
    // The URL says it already.
    const to = isIP(host) !== 0 || places.length === 0 ? '' : ` to ${listed(places, ' or ')}`;
    const failed = this.#failed.size === 0 ? '' : ` (${this.#failures()})`;
    return harmless(`connection${to}${failed}`);
  }

  cancel(): void {
    this.#done = undefined;
    this.#end();
  }

  found(found: FoundHost): void {
    if (this.#isOver) return;
    if ('addresses' in found) this.start(interleaved(found.addresses));
    else this.#fail({ message: harmless(`${this.#request.host}: ${found.reason}`), isLocal: found.isLocal });
  }

  /** @param addresses in the order in which they are tried; at least one */
  start(addresses: readonly string[]): void {
    this.#left = addresses;
    this.#tryNext();
  }

  /** The next address, and the one after it where this one takes long or cannot even be begun. */
  #tryNext(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (;;) {
      const [address, ...left] = this.#left ?? [];
      if (address === undefined) break;
      this.#left = left;
      if (!this.#try(address)) continue;
      if (left.length > 0) this.#timer = this.#parts.upkeep.setTimer(staggerMs, () => this.#tryNext());
      return;
    }
    if (this.#attempts.length === 0)
      this.#fail({
        message: harmless(this.#failures()),
        isLocal: this.#isLocal(),
        ...(this.#isOtherProtocol && { isOtherProtocol: true }),
      });
  }

  /** Whether it was begun. */
  #try(address: string): boolean {
    const onread = this.#request.onread?.();
    let socket: Socket;
    try {
      socket = this.#sockets.open(this.#request, address, onread);
    } catch (error) {
      this.#note(address, error);
      return false;
    }
    const attempt = { address, socket };
    this.#attempts.push(attempt);
    const fail = (error: Error) => this.#attemptFailed(attempt, error);
    // It stays on the losers, whose errors nobody wants to hear any more.
    socket.on('error', fail);
    socket.once(this.#request.tls === undefined ? 'connect' : 'secureConnect', () => {
      if (this.#isOver) return;
      socket.removeListener('error', fail);
      this.#won(attempt, onread);
    });
    return true;
  }

  #won(winner: Attempt, onread: OnReadOpts | undefined): void {
    const { socket } = winner;
    this.#attempts = this.#attempts.filter((attempt) => attempt !== winner);
    this.#end();
    const agreed = 'alpnProtocol' in socket ? socket.alpnProtocol : undefined;
    const alpn = typeof agreed === 'string' ? agreed : undefined;
    this.#tell({ ok: { socket, alpn, onread } });
  }

  #attemptFailed(attempt: Attempt, error: Error): void {
    if (this.#isOver || !this.#attempts.includes(attempt)) return;
    this.#attempts = this.#attempts.filter((other) => other !== attempt);
    attempt.socket.destroy();
    this.#note(attempt.address, error);
    this.#tryNext();
  }

  #note(address: string, error: unknown): void {
    const reason = wordsOfFault(error, this.#request.host);
    const places = this.#failed.get(reason) ?? [];
    this.#failed.set(reason, [...places, placeOf(address, this.#request.port)]);
    this.#isOtherProtocol ||= isOtherProtocol(error);
    const code = localFaultOf(error);
    if (code === undefined) this.#isRefused = true;
    else this.#shortages.add(code);
  }

  /** Without a shortage an address might have been reached. */
  #isLocal(): boolean {
    // This may be so for good of one address family: then it says something only where every address says it.
    if (this.#isRefused) this.#shortages.delete('EADDRNOTAVAIL');
    for (const code of this.#shortages) this.#parts.shortage?.(code);
    return this.#shortages.size > 0;
  }

  #failures(): string {
    return [...this.#failed].map(([reason, places]) => `${listed(places, ', ')}: ${reason}`).join('; ');
  }

  #fail(failed: DialFailure): void {
    this.#end();
    process.nextTick(() => this.#tell({ failed }));
  }

  #tell(result: DialResult): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(result);
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const { socket } of this.#attempts) socket.destroy();
    this.#attempts = [];
  }
}

function listed(places: readonly string[], between: string): string {
  const named = places.slice(0, mostNamed).join(between);
  return places.length > mostNamed ? `${named} and ${places.length - mostNamed} more` : named;
}
