import { closeSync, ftruncateSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const blockBytes = 1024 * 1024;
/** More than any batch takes. */
const probedBytes = 32 * blockBytes;
/** As many descriptors as a connection needs at once, and some. */
const probedFiles = 8;

/**
 * What the system says now to somebody who makes and fills a file beside the database, as its code (`EDQUOT`);
 * undefined: it lets them. The file has no name while it is filled, so that a crash leaves none behind.
 */
export function refusalOfSystem(path: string): string | undefined {
  const files: number[] = [];
  try {
    const file = openSync(`${path}-probe`, 'w', 0o600);
    files.push(file);
    unlinkSync(`${path}-probe`);
    // As large as the files that are written would become: that takes no room, and the limit of file sizes counts.
    ftruncateSync(file, Math.max(sizeOf(path), sizeOf(`${path}-wal`)) + probedBytes);
    ftruncateSync(file, 0);
    const block = new Uint8Array(blockBytes);
    for (let bytes = 0; bytes < probedBytes; bytes += blockBytes) writeSync(file, block);
    while (files.length < probedFiles) files.push(openSync(dirname(path), 'r'));
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : undefined;
  } finally {
    for (const file of files) closeSync(file);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
