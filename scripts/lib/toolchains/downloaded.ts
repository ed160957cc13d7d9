import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * A folder that is there whole or not at all, also where several fill it at once.
 * @param fill empty where it went well, else why not
 * @returns as `fill`
 */
export function fillOnce(folder: string, fill: (unfinished: string) => string): string {
  if (existsSync(folder)) return '';
  const unfinished = `${folder}-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const failure = fill(unfinished);
  if (failure === '' && !existsSync(folder)) renameSync(unfinished, folder);
  else rmSync(unfinished, { recursive: true, force: true });
  return failure;
}

/** Databases run under a user without rights: of a folder that this user cannot reach, a copy among the temporary files. */
export function openToAll(folder: string): string {
  if (process.getuid?.() !== 0 || isOpen(folder)) return folder;
  const copy = join(tmpdir(), `holdfast-${basename(folder)}`);
  fillOnce(copy, (unfinished) => {
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    return '';
  });
  return copy;
}

function isOpen(folder: string): boolean {
  const searchByOthers = 0o001;
  const parent = dirname(folder);
  return (statSync(folder).mode & searchByOthers) !== 0 && (parent === folder || isOpen(parent));
}
