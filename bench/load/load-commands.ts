import { type Commands, cpuUs } from '../child.ts';
import type { Numbers } from '../numbers.ts';
import type { Latencies } from '../statistics.ts';

type Taken = ReturnType<Latencies['take']>;

/** What begins transactions in a closed loop. */
export interface ClosedLoop {
  /** Transactions that became final since the start. */
  readonly count: number;
  /** Requests that were refused and sent again. */
  readonly refused: number;
  start(): void;
  stop(): Promise<void>;
  takeLatencies(): { readonly acknowledged: Taken; readonly final: Taken };
}

export interface CalledServices {
  /** Calls of actions, tries and confirms. */
  readonly forward: number;
  /** Calls of anything else, such as compensations. */
  readonly backward: number;
}

/** The commands of a process of load, over whatever protocol: start, sample, stop. */
export function loadCommands(
  services: CalledServices,
  generate: (input: Numbers) => ClosedLoop | Promise<ClosedLoop>,
): Commands {
  let generator: ClosedLoop | undefined;
  const running = () => {
    if (generator === undefined) throw new Error('no load was started');
    return generator;
  };
  return {
    start: async (input) => {
      generator = await generate(input);
      generator.start();
      return {};
    },
    sample: () => {
      const { acknowledged, final } = running().takeLatencies();
      return {
        timeMs: performance.now(),
        transactions: running().count,
        refused: running().refused,
        forwardCalls: services.forward,
        backwardCalls: services.backward,
        cpuUs: cpuUs(),
        acknowledgedP50Ms: acknowledged.p50Ms,
        acknowledgedP99Ms: acknowledged.p99Ms,
        finalP50Ms: final.p50Ms,
        finalP99Ms: final.p99Ms,
        finalMaxMs: final.maxMs,
      };
    },
    stop: async () => {
      await running().stop();
      return {};
    },
  };
}
