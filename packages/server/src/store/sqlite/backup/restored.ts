import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Restored } from '../../capabilities.ts';
import { StoreError } from '../../store.ts';

/** Says that the store beside it came from a backup; gone once that was told at a start. */
export const restoredName = 'holdfast.restored';
/** The copy while it is being made: without the rest of it there is no store. */
export const restoringName = 'holdfast.restoring';

/** @throws StoreError `unsafe` where the database that is being copied there is missing: nothing else may start */
export function refuseHalfRestored(folder: string): void {
  if (!existsSync(join(folder, restoringName))) return;
  throw new StoreError(
    'unsafe',
    `a restore into ${folder} was cut off, or is under way: ${restoringName} is there. Run holdfast restore again; it begins anew`,
  );
}

export function encodeRestored(restored: Restored): string {
  return `${JSON.stringify(restored)}\n`;
}

/** Undefined: the store was not restored, or that was told already. */
export async function readRestored(folder: string): Promise<Restored | undefined> {
  const path = join(folder, restoredName);
  if (!existsSync(path)) return undefined;
  const unknown = { backup: 'a backup', newestMs: 0, restoredMs: 0 };
  try {
    return { ...unknown, ...JSON.parse(await readFile(path, 'utf8')) };
  } catch {
    // That it was restored is what matters; how old it is nobody knows any more.
    return unknown;
  }
}

export async function forgetRestored(folder: string): Promise<void> {
  await rm(join(folder, restoredName), { force: true });
}
