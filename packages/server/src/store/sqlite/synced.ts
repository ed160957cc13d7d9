import { existsSync, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What was written to a file, or which names a folder holds, is on the disk when it resolves. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Creates the folder for its owner only; its entry in the parent is on the disk before anything in it counts as durable. */
export async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  // One by one: where the system says ENOENT below a folder that is there (/proc), a recursive mkdir never ends.
  if (!existsSync(dirname(folder))) await makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
  await syncPath(dirname(folder));
}
