import { hostOf } from '../network/request.ts';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';
import { delayOf, notWaitedForMs } from './wakes.ts';

/** What no dead service is part of ends within this time of its submit. */
const promptMs = 5000;

/** P8: in a world where only one service is dead, the transactions that do not need it are not held up. */
export function judgePromptness(court: Court, deadHost: string): void {
  for (const found of court.cases.values()) {
    if (found.submittedMs === undefined || found.wasStopped || needs(found, deadHost)) continue;
    const heldMs = found.waitsNoMoreSinceMs === undefined ? 0 : notWaitedForMs;
    const dueMs = found.submittedMs + delayOf(found.row?.definition.customData ?? '') + heldMs;
    const tookMs = (found.finishedMs ?? court.nowMs()) - dueMs;
    if (tookMs > promptMs) {
      accuse(
        court,
        'P8',
        found.gid,
        `it took ${Math.round(tookMs)} ms, because ${deadHost} is dead, which it does not need`,
      );
    }
  }
}

function needs({ asked, row }: Case, host: string): boolean {
  const urls = asked.steps.flatMap(({ action, compensate }) => [action, compensate]);
  return [...urls, ...(row?.branches ?? []).map(({ url }) => url)].some((url) => hostOf(url) === host);
}
