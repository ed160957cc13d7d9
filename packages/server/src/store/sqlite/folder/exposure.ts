import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of a folder: whoever else is on this machine may open files in it by their names. Of a file: and read them. */
const othersSearch = 0o001;
const othersRead = 0o004;

/**
 * Which data in the folder every user of this machine can read, and how to end that; undefined: none. What Holdfast makes
 * is for its own user alone. What is there already stays as it is: somebody may have opened it for a group on purpose.
 */
export function exposure(folder: string): string | undefined {
  if (process.platform === 'win32' || !has(folder, othersSearch)) return undefined;
  const backups = join(folder, 'backups');
  const files = ['holdfast.db', 'holdfast.db-wal'].map((name) => join(folder, name));
  if (has(backups, othersSearch)) files.push(...readdirSync(backups).map((name) => join(backups, name)));
  if (!files.some((file) => has(file, othersRead))) return undefined;
  return `every user of this machine can read the data in ${folder}, payloads included: run chmod -R go= ${folder}`;
}

function has(path: string, bits: number): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & bits) === bits;
}
