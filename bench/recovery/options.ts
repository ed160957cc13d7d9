import { parseArgs } from 'node:util';
import { storeKind, whole } from '../options.ts';
import type { StoreKind } from '../stores.ts';

export interface RecoveryOptions {
  readonly store: StoreKind;
  /** Sagas that the crash leaves unfinished. */
  readonly unfinished: number;
  readonly repetitions: number;
  /** How long fresh load is measured, each time. */
  readonly seconds: number;
  readonly folder: string | undefined;
}

export const usage = `npm run bench:recovery -- [options]

  --store NAME         sqlite, or postgres or mysql (MariaDB): then a server of its own is started (sqlite)
  --unfinished N       sagas that are accepted and not finished at the crash (100000)
  --repetitions N      recoveries of each kind; the median counts (3)
  --seconds N          how long fresh load is measured beside each (6)
  --folder PATH        the data folders are made in there (the system's folder for temporary files)
  --help`;

const flags = {
  store: { type: 'string' },
  unfinished: { type: 'string' },
  repetitions: { type: 'string' },
  seconds: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): RecoveryOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  return {
    store: storeKind(values.store),
    unfinished: whole('unfinished', values.unfinished ?? '100000', 40),
    repetitions: whole('repetitions', values.repetitions ?? '3', 1),
    seconds: whole('seconds', values.seconds ?? '6', 1),
    folder: values.folder,
  };
}
