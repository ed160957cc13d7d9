import type { Kind } from './load/kinds.ts';
import { pick } from './numbers.ts';
import { type LoadRequest, pause, startLoad } from './slice.ts';

/** A load that begins at once, all of its connections new, to the coordinator and from there to the services. */
export interface Burst {
  readonly kind: Kind;
  readonly name: string;
  /** Of all transactions that were begun in the first second, connecting included. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly transactions: number;
}

const seconds = 1;

export async function measureBurst(request: LoadRequest & { readonly kind: Kind }, name: string): Promise<Burst> {
  const { load, kind } = request;
  await startLoad(request, true);
  await pause(seconds);
  // Those that are slow end now.
  await load.ask('stop');
  const found = pick(await load.ask('sample'), ['transactions', 'finalP50Ms', 'finalP99Ms', 'finalMaxMs']);
  const { transactions, finalP50Ms: p50Ms, finalP99Ms: p99Ms, finalMaxMs: maxMs } = found;
  return { kind, name, p50Ms, p99Ms, maxMs, transactions };
}
