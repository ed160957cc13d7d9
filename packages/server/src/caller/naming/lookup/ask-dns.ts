import { Resolver } from 'node:dns/promises';
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Runtime } from '../../../engine/ports.ts';
import { reasonOf } from '../../failure-reason.ts';
import { codeOf, localFaultOf, shortageOf } from '../../local-fault.ts';
import { type Looked, type LookupSettings, mostRecords } from './looked.ts';

/** With these DNS says that something does not exist. */
const absentCodes: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'ENODATA']);
/** With these it does not say whether. ECONNREFUSED: no server is there. */
const refusedCodes: ReadonlySet<string | undefined> = new Set(['ESERVFAIL', 'EREFUSED', 'ENOTIMP', 'ECONNREFUSED']);
/** A family of addresses that has come waits for the other one for so long: some servers never answer for IPv6. */
const otherFamilyMs = 100;

export interface AskingParts {
  readonly settings: LookupSettings;
  /** The machine's time. */
  readonly runtime: Pick<Runtime, 'setTimer' | 'monotonicMs'>;
  /** This machine lacked something for asking: a code such as EMFILE. */
  shortage?(code: string): void;
}

/**
 * Runs a look-up, for as long as the settings let it: whatever has not answered by then is left alone. Never rejects.
 * @param ask what it throws is what DNS has answered
 */
export async function askDns<Answer>(
  { settings: { servers, timeoutMs }, runtime, shortage }: AskingParts,
  ask: (resolver: Resolver) => Promise<Looked<Answer>>,
): Promise<Looked<Answer>> {
  // Three quarters of the time for a first and a second try, which takes twice as long as the first.
  const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 4), tries: 2 });
  const late = Promise.withResolvers<Looked<Answer>>();
  const timer = runtime.setTimer(timeoutMs, () => {
    late.resolve({ kind: 'failed', reason: `DNS did not answer within ${timeoutMs} ms` });
    resolver.cancel();
  });
  const looked = await Promise.race([late.promise, asked(servers, resolver, ask)]);
  timer.cancel();
  if (looked.kind === 'failed' && looked.shortage !== undefined) shortage?.(looked.shortage);
  return looked;
}

async function asked<Answer>(
  servers: readonly string[],
  resolver: Resolver,
  ask: (resolver: Resolver) => Promise<Looked<Answer>>,
): Promise<Looked<Answer>> {
  try {
    if (servers.length > 0) resolver.setServers(servers);
    return await ask(resolver);
  } catch (error) {
    return withoutAnswer(error);
  }
}

function withoutAnswer(error: unknown): Looked<never> {
  const code = codeOf(error);
  if (absentCodes.has(code)) return { kind: 'gone', reason: `DNS does not know the name (${code})` };
  const shortage = shortOf();
  if (shortage !== undefined) {
    return {
      kind: 'failed',
      reason: `DNS cannot be asked: ${shortageOf(shortage)} (${shortage})`,
      isLocal: true,
      shortage,
    };
  }
  const reason = `DNS gave no answer: ${reasonOf(error)}`;
  return { kind: 'failed', reason, ...(refusedCodes.has(code) && { isRefused: true }) };
}

/** Without a descriptor for a socket it looks as if no DNS server were there. */
function shortOf(): string | undefined {
  try {
    closeSync(openSync(devNull, 'r'));
    return undefined;
  } catch (error) {
    return localFaultOf(error);
  }
}

interface Timed {
  readonly address: string;
  readonly ttl: number;
}

/** The addresses of exactly this name, in a fixed order. */
export async function addressesOf(
  host: string,
  resolver: Resolver,
  runtime: Pick<Runtime, 'setTimer'>,
  ttlMaxMs: number,
): Promise<Looked<readonly string[]>> {
  const families: Promise<readonly Timed[]>[] = [
    resolver.resolve4(host, { ttl: true }),
    resolver.resolve6(host, { ttl: true }),
  ];
  const settled: PromiseSettledResult<readonly Timed[]>[] = [];
  const both = Promise.allSettled(
    families.map((family) =>
      family.then(
        (value) => settled.push({ status: 'fulfilled', value }),
        (reason) => settled.push({ status: 'rejected', reason }),
      ),
    ),
  );
  const first = await Promise.any(families).then(
    (found) => found.length > 0,
    () => false,
  );
  if (first) await soonEnough(both, runtime);
  else await both;
  const found = settled.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) {
    const answer = found.map(({ address }) => address).sort();
    const ttlMs = Math.min(ttlMaxMs, ...found.map(({ ttl }) => ttl * 1000));
    return { kind: 'found', answer: answer.slice(0, mostRecords), ttlMs };
  }
  const errors = settled.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  return withoutAnswer(errors.find((error) => !absentCodes.has(codeOf(error))) ?? errors[0]);
}

async function soonEnough(both: Promise<unknown>, runtime: Pick<Runtime, 'setTimer'>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = runtime.setTimer(otherFamilyMs, over.resolve);
  await Promise.race([both, over.promise]);
  timer.cancel();
}
