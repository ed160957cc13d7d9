import { spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { percentile } from './statistics.ts';

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
  /** 4 KiB appended and made durable: what a commit cannot be faster than. */
  readonly syncP50Us: number;
  readonly syncP99Us: number;
}

const syncs = 200;
const fileSystems: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs: nothing is durable there',
  2035054128: 'overlayfs',
};

/** The system writes back for a while what was written: until then whatever is measured waits for the disk. */
export function settleDisk(): void {
  // Where there is no such command the figures are a little worse.
  spawnSync('sync');
}

/** @param folder where the data of the run is kept */
export function describeMachine(folder: string): Machine {
  const processors = cpus();
  const sorted = syncLatenciesUs(folder);
  const magic = statfsSync(folder).type;
  return {
    processors: processors.length,
    model: processors[0]?.model.trim() ?? 'unknown',
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    kernel: `${type()} ${release()}`,
    node: process.version,
    fileSystem: fileSystems[magic] ?? `file system 0x${magic.toString(16)}`,
    syncP50Us: Math.round(percentile(sorted, 0.5)),
    syncP99Us: Math.round(percentile(sorted, 0.99)),
  };
}

function syncLatenciesUs(folder: string): Float64Array {
  const path = join(folder, 'sync-probe');
  const file = openSync(path, 'a');
  const block = Buffer.alloc(4096, 1);
  const took = new Float64Array(syncs);
  try {
    for (let index = 0; index < syncs; index += 1) {
      const startedMs = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      took[index] = (performance.now() - startedMs) * 1000;
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  return took.sort();
}
