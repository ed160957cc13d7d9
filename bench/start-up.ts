import { join } from 'node:path';
import { CompiledCoordinator, installCompiled } from './compiled.ts';
import { pause } from './slice.ts';
import { type Spread, spread } from './statistics.ts';

export interface StartUp {
  /** From exec of the compiled CLI to the first 200 of its health route. */
  readonly firstAnswerMs: Spread;
  /** Resident memory shortly after the start; NaN where the system does not tell. */
  readonly idleMib: Spread;
}

const idleSeconds = 1;

/**
 * Compiles and installs coordinators as they are published, then starts them in turn, again and again, each on a data
 * folder of its own.
 * @param roots of the projects that are measured; undefined: of this one
 */
export async function measureStartUp(
  folder: string,
  repetitions: number,
  roots: readonly (string | undefined)[],
): Promise<readonly StartUp[]> {
  const installed = roots.map((root, index) => {
    const own = join(folder, `start-up-${index}`);
    return {
      cli: installCompiled(join(own, 'node_modules'), root),
      data: join(own, 'data'),
      times: [] as number[],
      idleMib: [] as number[],
    };
  });
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    for (const { cli, data, times, idleMib } of installed) {
      const coordinator = await CompiledCoordinator.start(cli, data);
      times.push(coordinator.readyMs - coordinator.startedMs);
      await pause(idleSeconds);
      idleMib.push(coordinator.usage().residentMib);
      await coordinator.end();
    }
  }
  return installed.map(({ times, idleMib }) => ({ firstAnswerMs: spread(times), idleMib: spread(idleMib) }));
}
