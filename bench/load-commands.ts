import { type Commands, cpuUs } from './child.ts';
import type { Numbers } from './numbers.ts';
import type { Latencies } from './statistics.ts';

type Taken = ReturnType<Latencies['take']>;

/** What submits sagas in a closed loop. */
export interface SagaGenerator {
  /** Sagas that became final since the start. */
  readonly count: number;
  start(): void;
  stop(): Promise<void>;
  takeLatencies(): { readonly acknowledged: Taken; readonly final: Taken };
}

export interface CalledServices {
  readonly actions: number;
  readonly others: number;
}

/** The commands of a process of load, over whatever protocol: start, sample, stop. */
export function loadCommands(services: CalledServices, generate: (input: Numbers) => SagaGenerator): Commands {
  let generator: SagaGenerator | undefined;
  const running = () => {
    if (generator === undefined) throw new Error('no load was started');
    return generator;
  };
  return {
    start: (input) => {
      generator = generate(input);
      generator.start();
      return {};
    },
    sample: () => {
      const { acknowledged, final } = running().takeLatencies();
      return {
        timeMs: performance.now(),
        sagas: running().count,
        actions: services.actions,
        otherCalls: services.others,
        cpuUs: cpuUs(),
        acknowledgedP50Ms: acknowledged.p50Ms,
        acknowledgedP99Ms: acknowledged.p99Ms,
        finalP50Ms: final.p50Ms,
        finalP99Ms: final.p99Ms,
      };
    },
    stop: async () => {
      await running().stop();
      return {};
    },
  };
}
