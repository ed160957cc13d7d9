import { measureSlice, type Slice } from '../slice.ts';
import { Worker } from '../worker.ts';
import type { GrpcOptions } from './options.ts';

/** The same saga over both protocols, in and out, in slices that follow each other on one coordinator. */
export interface Pair {
  readonly http: Slice;
  readonly grpc: Slice;
}

export interface Comparison {
  readonly inFlight: number;
  readonly pairs: readonly Pair[];
}

const settleSeconds = 0.5;
const warmUpSeconds = 4;

export async function compare(
  { inFlight, repetitions, seconds }: GrpcOptions,
  dataFolder: string,
  progress: (text: string) => void,
): Promise<readonly Comparison[]> {
  const coordinator = new Worker('coordinator.ts', ['sqlite', dataFolder]);
  const loads = { http: new Worker('load.ts'), grpc: new Worker('grpc/load.ts') };
  const slice = (protocol: keyof typeof loads, count: number, length: number) =>
    measureSlice({
      load: loads[protocol],
      coordinator,
      port: protocol === 'http' ? 'port' : 'grpcPort',
      inFlight: count,
      wait: true,
      settleSeconds,
      seconds: length,
    });
  try {
    progress('warming up');
    for (const protocol of ['http', 'grpc'] as const) await slice(protocol, 16, Math.min(warmUpSeconds, seconds * 2));
    const found: Comparison[] = [];
    for (const count of inFlight) {
      const pairs: Pair[] = [];
      for (let repetition = 0; repetition < repetitions; repetition += 1) {
        progress(`${count} in flight, repetition ${repetition + 1} of ${repetitions}`);
        const isHttpFirst = repetition % 2 === 0;
        const first = await slice(isHttpFirst ? 'http' : 'grpc', count, seconds);
        const second = await slice(isHttpFirst ? 'grpc' : 'http', count, seconds);
        pairs.push(isHttpFirst ? { http: first, grpc: second } : { http: second, grpc: first });
      }
      found.push({ inFlight: count, pairs });
    }
    return found;
  } finally {
    await Promise.all([coordinator, loads.http, loads.grpc].map((worker) => worker.end()));
  }
}
