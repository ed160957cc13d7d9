import type { AskedTransaction } from 'holdfast/engine/coordinator';

/**
 * Which steps must have succeeded before which, directly or not, as the auditor reads it from what the client asked:
 * index to all indexes that come before it. Written apart from the core's own planning, on purpose.
 */
export function stepsBefore(asked: AskedTransaction): ReadonlySet<number>[] {
  const count = asked.steps.length;
  const before: Set<number>[] = Array.from({ length: count }, () => new Set<number>());
  const add = (later: number, earlier: number) => before[later]?.add(earlier);
  if (asked.type === 'saga') {
    const custom: { concurrent?: boolean; orders?: Record<string, number[]> } =
      asked.customData === '' ? {} : JSON.parse(asked.customData);
    for (const [later, all] of Object.entries(custom.orders ?? {}))
      for (const earlier of all) add(Number(later), earlier);
    if (custom.concurrent !== true) for (let step = 1; step < count; step += 1) add(step, step - 1);
  } else if (!asked.options.concurrent) {
    for (let step = 1; step < count; step += 1) add(step, step - 1);
  }
  return closeOver(before);
}

/** Adds what comes before what comes before, until nothing is new. */
function closeOver(before: Set<number>[]): Set<number>[] {
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false;
    for (const all of before) {
      const size = all.size;
      for (const earlier of [...all]) for (const farther of before[earlier] ?? []) all.add(farther);
      if (all.size > size) isGrowing = true;
    }
  }
  return before;
}
