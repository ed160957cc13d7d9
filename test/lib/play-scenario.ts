import type { Coordinator } from './coordinator.ts';
import type { HttpCaller } from './http.ts';
import type { Participant } from './participant.ts';

export interface ScenarioParts {
  readonly coordinator: Coordinator;
  readonly participant: Participant;
  readonly http: HttpCaller;
}

/** How much of the log is shown with what went wrong. */
const shownCharacters = 3000;

/**
 * Plays a scenario that is a process of its own, and ends all that it has started. What went wrong is told with the end of
 * the coordinator's log, and the exit code is 1.
 */
export async function playScenario(
  { coordinator, participant, http }: ScenarioParts,
  play: () => Promise<void>,
): Promise<void> {
  try {
    await play();
  } catch (error) {
    console.error(error, coordinator.logs.slice(-shownCharacters));
    process.exitCode = 1;
  } finally {
    await coordinator.stop();
    http.close();
    await participant.stop();
  }
}
