import { measureSlice, type Slice } from '../slice.ts';
import { Worker } from '../worker.ts';
import type { GrpcOptions } from './options.ts';

/** The same saga over both protocols, in and out, in slices that follow each other. */
export interface Round {
  readonly http: Slice;
  readonly grpc: Slice;
  /** Over gRPC, on the coordinator of another state of the project. */
  readonly other: Slice | undefined;
}

export interface Comparison {
  readonly inFlight: number;
  readonly rounds: readonly Round[];
}

type Turn = 'http' | 'grpc' | 'other';

const settleSeconds = 0.5;
const warmUpSeconds = 4;

/** @param other where another state of the project is */
export async function compare(
  { inFlight, repetitions, seconds }: GrpcOptions,
  folder: string,
  other: string | undefined,
  progress: (text: string) => void,
): Promise<readonly Comparison[]> {
  const coordinator = new Worker('coordinator.ts', ['sqlite', `${folder}/data`]);
  const otherCoordinator =
    other === undefined ? undefined : new Worker('coordinator.ts', ['sqlite', `${folder}/other-data`], other);
  const loads = { http: new Worker('load/process.ts'), grpc: new Worker('grpc/process.ts') };
  const slice = (turn: Turn, count: number, length: number) =>
    measureSlice({
      load: turn === 'http' ? loads.http : loads.grpc,
      coordinator: turn === 'other' && otherCoordinator !== undefined ? otherCoordinator : coordinator,
      port: turn === 'http' ? 'port' : 'grpcPort',
      inFlight: count,
      wait: true,
      settleSeconds,
      seconds: length,
    });
  const turns: readonly Turn[] = otherCoordinator === undefined ? ['http', 'grpc'] : ['http', 'grpc', 'other'];
  try {
    progress('warming up');
    for (const turn of turns) await slice(turn, 16, Math.min(warmUpSeconds, seconds * 2));
    const found: Comparison[] = [];
    for (const count of inFlight) {
      const rounds: Round[] = [];
      for (let repetition = 0; repetition < repetitions; repetition += 1) {
        progress(`${count} in flight, repetition ${repetition + 1} of ${repetitions}`);
        const slices = new Map<Turn, Slice>();
        for (const turn of repetition % 2 === 0 ? turns : turns.toReversed()) {
          slices.set(turn, await slice(turn, count, seconds));
        }
        rounds.push(roundOf(slices));
      }
      found.push({ inFlight: count, rounds });
    }
    return found;
  } finally {
    const workers = [
      coordinator,
      loads.http,
      loads.grpc,
      ...(otherCoordinator === undefined ? [] : [otherCoordinator]),
    ];
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

function roundOf(slices: ReadonlyMap<Turn, Slice>): Round {
  const [http, grpc] = [slices.get('http'), slices.get('grpc')];
  if (http === undefined || grpc === undefined) throw new Error('a turn was left out');
  return { http, grpc, other: slices.get('other') };
}
