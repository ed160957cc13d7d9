import { join } from 'node:path';
import { CompiledCoordinator, installCompiled } from './compiled.ts';
import { pause } from './slice.ts';
import { type Spread, spread } from './statistics.ts';

export interface StartUp {
  /** From exec of the compiled CLI to the first 200 of its health route. */
  readonly firstAnswerMs: Spread;
  /** Resident memory shortly after the start; NaN where the system does not tell. */
  readonly idleMib: number;
}

const idleSeconds = 1;

/** Compiles and installs the coordinator as it is published, then starts it again and again on one data folder. */
export async function measureStartUp(folder: string, repetitions: number): Promise<StartUp> {
  const cli = installCompiled(join(folder, 'installed', 'node_modules'));
  const dataFolder = join(folder, 'start-up');
  const times: number[] = [];
  let idleMib = Number.NaN;
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const coordinator = await CompiledCoordinator.start(cli, dataFolder);
    times.push(coordinator.readyMs - coordinator.startedMs);
    if (repetition === 0) {
      await pause(idleSeconds);
      idleMib = coordinator.usage().residentMib;
    }
    await coordinator.end();
  }
  return { firstAnswerMs: spread(times), idleMib };
}
