import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What a backup is called: the time of its state, in UTC, so that names sort by time. */
const named = /^holdfast-\d{8}T\d{6}\.\d{3}Z\.db$/;
/** While it is being made, with what SQLite keeps beside it. */
const unfinished = /^holdfast-\d{8}T\d{6}\.\d{3}Z\.db\.partial(-journal|-wal|-shm)?$/;

export const backupNameAt = (time: Date) => `holdfast-${time.toISOString().replaceAll(/[-:]/g, '')}.db`;

/** The copy itself comes first. */
export const unfinishedNames = (name: string) =>
  [`${name}.partial`, `${name}.partial-journal`, `${name}.partial-wal`, `${name}.partial-shm`] as const;

/** Removes what a process that died in the middle of a backup has left. Files of other names are not ours. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (unfinished.test(name)) await rm(join(folder, name), { force: true });
  }
}

/**
 * Removes the oldest backups until `keep` are left; never `latest`, whatever the clock said when others were made.
 * @returns the paths of what was removed
 */
export async function removeOldest(folder: string, keep: number, latest: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  // A folder or a link with such a name is somebody else's.
  const found = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const others = found.filter((name) => named.test(name) && name !== latest).sort();
  const paths = others.slice(0, Math.max(0, others.length + 1 - keep)).map((name) => join(folder, name));
  for (const path of paths) await rm(path);
  return paths;
}
