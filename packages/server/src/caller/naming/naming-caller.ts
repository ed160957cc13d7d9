import {
  callKindOf,
  isServiceUrl,
  type Outcome,
  type ServiceName,
  serviceNameForms,
  serviceNameOf,
  shorten,
} from '@holdfast/core';
import type {
  AskedCall,
  BranchCall,
  Caller,
  CallResult,
  Cuttable,
  NameBook,
  Runtime,
  Timer,
} from '../../engine/ports.ts';
import { type Address, isHttp } from './address.ts';
import { Aliases } from './aliases.ts';
import { lookUp } from './dns-lookup.ts';
import { DnsNames } from './dns-names.ts';
import type { Lookups } from './lookup/lookups.ts';
import type { Found, NameResolver } from './name-resolver.ts';

export { createLookups, type Lookups } from './lookup/lookups.ts';

export interface NamingParts {
  /** Calls concrete addresses, under their limits and breakers. */
  readonly next: Caller;
  readonly runtime: Runtime;
  readonly aliases: NameResolver;
  readonly dns: NameResolver;
  /** Told that a call waits for its addresses; the function that comes back is called when it does not any more. */
  readonly waits?: () => () => void;
}

export interface Naming {
  /** Calls services by their names, and everything else as it was. */
  readonly caller: Caller;
  readonly names: NameBook;
}

/** Everything that calls of services by their names need. DNS is asked on `upkeep`, the machine's own time. */
export function createNaming({
  names,
  lookups: { lookup, ...memory },
  upkeep,
  ...parts
}: Omit<NamingParts, 'aliases' | 'dns'> & {
  /** Those of the settings, each with its addresses. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly lookups: Lookups;
  readonly upkeep: Runtime;
}): Naming {
  const aliases = new Aliases(names);
  const dns = new DnsNames({ ...memory, lookUp: (name) => lookUp(name, lookup), runtime: upkeep });
  return { caller: new NamingCaller({ ...parts, aliases, dns }), names: aliases };
}

const reasonBytes = 300;
const messageBytes = 4096;
/** As long as the answer of a look-up counts that came to nothing. */
const localDelayMs = 1000;

/**
 * Puts an address in the place of a service's name: the next one in turn. Where that surely has not got the call,
 * because its breaker is open or no connection could be made, the next address is tried, each once, within the time-out
 * of the call. A call that may have reached a service is never made again elsewhere: that is for the coordinator to
 * decide. URLs that name no service pass by.
 */
export class NamingCaller implements Caller {
  readonly #parts: NamingParts;

  constructor(parts: NamingParts) {
    this.#parts = parts;
  }

  call(asked: AskedCall): Cuttable {
    if (!isServiceUrl(asked.call.url)) return this.#parts.next.call(asked);
    const named = new NamedCall(this.#parts, asked);
    named.start();
    return named;
  }
}

/** One try of a named call, at one address. */
class AddressedCall implements AskedCall {
  readonly #named: NamedCall;
  readonly #address: Address;
  readonly call: BranchCall;

  constructor(named: NamedCall, address: Address, call: BranchCall) {
    this.#named = named;
    this.#address = address;
    this.call = call;
  }

  mayGo(): boolean {
    return this.#named.mayGo();
  }

  done(result: CallResult): void {
    this.#named.ended(this.#address, result);
  }
}

/** One call of a named service, on its way from address to address. */
class NamedCall implements Cuttable {
  readonly #parts: NamingParts;
  readonly #asked: AskedCall;
  readonly #call: BranchCall;
  readonly #startedMs: number;
  #name: ServiceName | undefined;
  /** Ends what it waits for: its addresses, or a call of one of them. */
  #current: Cuttable | undefined;
  #isCut = false;
  #left: readonly Address[] = [];
  /** What became of each address that was called. */
  #tried: string[] = [];
  #retryAfterMs = 0;
  /** When the first address that refused it takes calls again. */
  #untilMs: number | undefined;

  constructor(parts: NamingParts, asked: AskedCall) {
    this.#parts = parts;
    this.#asked = asked;
    this.#call = asked.call;
    this.#startedMs = parts.runtime.monotonicMs();
  }

  start(): void {
    const name = serviceNameOf(this.#call.url);
    if (name === undefined) {
      this.#fail(`the URL of the branch names no service: it must be ${serviceNameForms}`);
      return;
    }
    let isSettled = false;
    let timer: Timer | undefined;
    let waited: (() => void) | undefined;
    const settle = (found: Found | undefined) => {
      if (isSettled) return;
      isSettled = true;
      timer?.cancel();
      if (found === undefined) this.#withdraw();
      else this.#found(name, found);
      waited?.();
    };
    this.#current = { cut: () => settle(undefined) };
    this.#resolverOf(name).resolve(name, settle);
    if (isSettled) return;
    waited = this.#parts.waits?.();
    const { timeoutMs } = this.#call;
    timer = this.#parts.runtime.setTimer(timeoutMs, () => {
      settle({ kind: 'unknown', reason: `DNS did not answer within ${timeoutMs} ms` });
    });
  }

  mayGo(): boolean {
    return this.#asked.mayGo();
  }

  /** What this machine lacks for looking up names it lacks for a moment, or for all of them. */
  #postpone(): void {
    const { runtime } = this.#parts;
    const untilMs = runtime.monotonicMs() + localDelayMs;
    runtime.soon(() => this.#asked.done({ kind: 'not-called', untilMs, isLocal: true }));
  }

  /** No further address is tried. */
  cut(): void {
    this.#isCut = true;
    this.#current?.cut();
  }

  #resolverOf({ kind }: ServiceName): NameResolver {
    return kind === 'alias' ? this.#parts.aliases : this.#parts.dns;
  }

  #found(name: ServiceName, found: Found): void {
    if (found.kind === 'unknown') {
      if (found.isLocal === true) this.#postpone();
      else this.#fail(`no address of ${name.name}: ${found.reason}`);
      return;
    }
    this.#name = name;
    this.#left = found.rotation.next(() => this.#parts.runtime.random());
    this.#tryNext(name);
  }

  #tryNext(name: ServiceName): void {
    const timeoutMs = this.#call.timeoutMs - (this.#parts.runtime.monotonicMs() - this.#startedMs);
    const [address, ...left] = this.#left;
    if (address === undefined || timeoutMs <= 0 || this.#isCut) {
      this.#giveUp(name);
      return;
    }
    this.#left = left;
    const addressed = new AddressedCall(this, address, concreteCall(this.#call, name, address, timeoutMs));
    this.#current = this.#parts.next.call(addressed);
  }

  ended(address: Address, result: CallResult): void {
    const name = this.#name;
    if (result.kind === 'answered') {
      const { outcome } = result;
      if (outcome.kind !== 'error') {
        this.#asked.done({ ...result, durationMs: this.#tookMs });
        return;
      }
      this.#tried.push(`${placeOf(address)}: ${outcome.message}`);
      this.#retryAfterMs = outcome.retryAfterMs;
      if (result.isUnsent === true && name !== undefined) this.#tryNext(name);
      else this.#answer(result);
    } else if (result.untilMs === undefined || result.isLocal === true || name === undefined) {
      // Not to be called any more by whomever, or not to be called from here now.
      if (this.#tried.length > 0) this.#answer();
      else this.#asked.done(result);
    } else {
      this.#untilMs = Math.min(this.#untilMs ?? Number.POSITIVE_INFINITY, result.untilMs);
      this.#tryNext(name);
    }
  }

  /** No address is left, or no time. */
  #giveUp(name: ServiceName): void {
    this.#resolverOf(name).doubt(name);
    if (this.#tried.length > 0 || this.#untilMs === undefined) this.#answer();
    else this.#asked.done({ kind: 'not-called', untilMs: this.#untilMs });
  }

  /** The error of the address that was called last, and what became of those before it. */
  #answer(last: Pick<Extract<CallResult, { kind: 'answered' }>, 'isCut' | 'note'> = {}): void {
    const before = this.#tried.slice(0, -1).map((text) => shorten(text, reasonBytes));
    const message = [...before, this.#tried.at(-1) ?? 'no time was left to call it'].join('; ');
    this.#asked.done({
      kind: 'answered',
      outcome: errorOf(shorten(message, messageBytes), this.#retryAfterMs),
      durationMs: this.#tookMs,
      ...(last.isCut === true && { isCut: true }),
      ...(last.note !== undefined && { note: last.note }),
    });
  }

  /** An attempt that came to nothing, like a connection that cannot be made. */
  #fail(message: string): void {
    this.#parts.runtime.soon(() => {
      if (this.#isCut) this.#asked.done({ kind: 'not-called', untilMs: undefined });
      else
        this.#asked.done({ kind: 'answered', outcome: errorOf(message, 0), durationMs: this.#tookMs, isUnsent: true });
    });
  }

  #withdraw(): void {
    this.#parts.runtime.soon(() => this.#asked.done({ kind: 'not-called', untilMs: undefined }));
  }

  get #tookMs(): number {
    return Math.round(this.#parts.runtime.monotonicMs() - this.#startedMs);
  }
}

/** What DNS tells is called by the protocol of the transaction; a name of the settings says itself how. */
function concreteCall(call: BranchCall, { kind, rest }: ServiceName, address: Address, timeoutMs: number): BranchCall {
  const { base, authority } = address;
  if (isHttp(base)) {
    // Whether it is JSON-RPC was decided by the text of the branch's URL; that of an address may have `method` in it, too.
    const protocol = callKindOf(call.url, call.protocol) === 'http' ? 'http' : call.protocol;
    return { ...call, url: base + rest, protocol, timeoutMs };
  }
  if (kind === 'alias' || call.protocol === 'grpc') {
    return { ...call, url: base + rest, protocol: 'grpc', timeoutMs };
  }
  const headers = authority === '' ? call.headers : { Host: authority, ...call.headers };
  return { ...call, url: `http://${base}${rest}`, headers, timeoutMs };
}

/** Host and port, for people. */
function placeOf({ base }: Address): string {
  return base.replace(/^\w+:\/\//, '').replace(/\/.*$/, '');
}

function errorOf(message: string, retryAfterMs: number): Outcome {
  return { kind: 'error', message, retryAfterMs };
}
