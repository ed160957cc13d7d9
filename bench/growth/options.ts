import { parseArgs } from 'node:util';
import { positive, storeKind, whole } from '../options.ts';
import type { StoreKind } from '../stores.ts';

export interface GrowthOptions {
  readonly store: StoreKind;
  /** Finished transactions in the store that has grown. */
  readonly stored: number;
  readonly repetitions: number;
  /** Length of one slice of load. */
  readonly seconds: number;
  /** Pages claimed from each store. */
  readonly pages: number;
  readonly folder: string | undefined;
}

export const usage = `npm run bench:growth -- [options]

  --store NAME         sqlite, or postgres or mysql (MariaDB): then a server of its own is started (sqlite)
  --stored N           finished transactions in the store that has grown (1000000)
  --repetitions N      slices and starts of each kind; the median counts (7)
  --seconds N          length of one measured slice (3)
  --pages N            pages of due transactions claimed from each store (100)
  --folder PATH        the data folders are made in there (the system's folder for temporary files)
  --help`;

const flags = {
  store: { type: 'string' },
  stored: { type: 'string' },
  repetitions: { type: 'string' },
  seconds: { type: 'string' },
  pages: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): GrowthOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  return {
    store: storeKind(values.store),
    stored: whole('stored', values.stored ?? '1000000', 1),
    repetitions: whole('repetitions', values.repetitions ?? '7', 1),
    seconds: positive('seconds', values.seconds ?? '3'),
    pages: whole('pages', values.pages ?? '100', 1),
    folder: values.folder,
  };
}
