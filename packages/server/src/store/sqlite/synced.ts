import { existsSync, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a file holds, or which names a folder holds, is on the disk when this resolves. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Creates the folder; its entry in the parent is on the disk before anything in it counts as durable. */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  if (existsSync(folder)) return;
  // One by one: where the system says ENOENT below a folder that is there (/proc), a recursive mkdir never ends.
  if (!existsSync(dirname(folder))) await makeFolder(dirname(folder), mode);
  mkdirSync(folder, { mode });
  await syncPath(dirname(folder));
}
