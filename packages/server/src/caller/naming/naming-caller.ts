import {
  callKindOf,
  isServiceUrl,
  type Outcome,
  type ServiceName,
  serviceNameForms,
  serviceNameOf,
  shorten,
} from '@holdfast/core';
import type { BranchCall, Caller, CallResult, NameBook, Runtime, Timer } from '../../engine/ports.ts';
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
  const dns = new DnsNames({ ...memory, lookUp: (name) => lookUp(name, lookup, upkeep), runtime: upkeep });
  return { caller: new NamingCaller({ ...parts, aliases, dns }), names: aliases };
}

const reasonBytes = 300;
const messageBytes = 4096;

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

  call(call: BranchCall, mayGo: () => boolean, done: (result: CallResult) => void): void {
    if (isServiceUrl(call.url)) new NamedCall(this.#parts, call, mayGo, done).start();
    else this.#parts.next.call(call, mayGo, done);
  }
}

/** One call of a named service, on its way from address to address. */
class NamedCall {
  readonly #parts: NamingParts;
  readonly #call: BranchCall;
  readonly #mayGo: () => boolean;
  readonly #done: (result: CallResult) => void;
  readonly #startedMs: number;
  #left: readonly Address[] = [];
  /** What became of each address that was called. */
  #tried: string[] = [];
  #retryAfterMs = 0;
  /** When the first address that refused it takes calls again. */
  #untilMs: number | undefined;

  constructor(parts: NamingParts, call: BranchCall, mayGo: () => boolean, done: (result: CallResult) => void) {
    this.#parts = parts;
    this.#call = call;
    this.#mayGo = mayGo;
    this.#done = done;
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
    const settle = (found: Found) => {
      if (isSettled) return;
      isSettled = true;
      timer?.cancel();
      this.#found(name, found);
      waited?.();
    };
    this.#resolverOf(name).resolve(name, settle);
    if (isSettled) return;
    waited = this.#parts.waits?.();
    const { timeoutMs } = this.#call;
    timer = this.#parts.runtime.setTimer(timeoutMs, () => {
      settle({ kind: 'unknown', reason: `DNS did not answer within ${timeoutMs} ms` });
    });
  }

  #resolverOf({ kind }: ServiceName): NameResolver {
    return kind === 'alias' ? this.#parts.aliases : this.#parts.dns;
  }

  #found(name: ServiceName, found: Found): void {
    if (found.kind === 'unknown') {
      this.#fail(`no address of ${name.name}: ${found.reason}`);
      return;
    }
    this.#left = found.rotation.next(() => this.#parts.runtime.random());
    this.#tryNext(name);
  }

  #tryNext(name: ServiceName): void {
    const timeoutMs = this.#call.timeoutMs - (this.#parts.runtime.monotonicMs() - this.#startedMs);
    const [address, ...left] = this.#left;
    if (address === undefined || timeoutMs <= 0) {
      this.#giveUp(name);
      return;
    }
    this.#left = left;
    this.#parts.next.call(concreteCall(this.#call, name, address, timeoutMs), this.#mayGo, (result) =>
      this.#ended(name, address, result),
    );
  }

  #ended(name: ServiceName, address: Address, result: CallResult): void {
    if (result.kind === 'answered') {
      const { outcome } = result;
      if (outcome.kind !== 'error') {
        this.#done({ ...result, durationMs: this.#tookMs });
        return;
      }
      this.#tried.push(`${placeOf(address)}: ${outcome.message}`);
      this.#retryAfterMs = outcome.retryAfterMs;
      if (result.isUnsent === true) this.#tryNext(name);
      else this.#answer();
    } else if (result.untilMs === undefined) {
      // Not to be called any more, by whomever.
      if (this.#tried.length > 0) this.#answer();
      else this.#done(result);
    } else {
      this.#untilMs = Math.min(this.#untilMs ?? Number.POSITIVE_INFINITY, result.untilMs);
      this.#tryNext(name);
    }
  }

  /** No address is left, or no time. */
  #giveUp(name: ServiceName): void {
    this.#resolverOf(name).doubt(name);
    if (this.#tried.length > 0 || this.#untilMs === undefined) this.#answer();
    else this.#done({ kind: 'not-called', untilMs: this.#untilMs });
  }

  /** The error of the address that was called last, and what became of those before it. */
  #answer(): void {
    const before = this.#tried.slice(0, -1).map((text) => shorten(text, reasonBytes));
    const message = [...before, this.#tried.at(-1) ?? 'no time was left to call it'].join('; ');
    this.#done({
      kind: 'answered',
      outcome: errorOf(shorten(message, messageBytes), this.#retryAfterMs),
      durationMs: this.#tookMs,
    });
  }

  /** An attempt that came to nothing, like a connection that cannot be made. */
  #fail(message: string): void {
    const { runtime } = this.#parts;
    runtime.soon(() => {
      if (this.#mayGo()) this.#done({ kind: 'answered', outcome: errorOf(message, 0), durationMs: this.#tookMs });
      else this.#done({ kind: 'not-called', untilMs: undefined });
    });
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
