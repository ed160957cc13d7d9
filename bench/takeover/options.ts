import { parseArgs } from 'node:util';
import { storeKind, whole } from '../options.ts';
import type { RemoteKind } from '../stores.ts';

export interface TakeoverOptions {
  readonly store: RemoteKind;
  /** Sagas whose calls are out when their coordinator dies. */
  readonly sagas: number;
  readonly repetitions: number;
  readonly folder: string | undefined;
}

export const usage = `npm run bench:takeover -- [options]

  --store NAME         postgres, or mysql (MariaDB): a server of its own is started (postgres)
  --sagas N            whose calls are out when their coordinator is killed (1000)
  --repetitions N      of the whole (3)
  --folder PATH        the programs are installed in there (the system's folder for temporary files)
  --help`;

const flags = {
  store: { type: 'string' },
  sagas: { type: 'string' },
  repetitions: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): TakeoverOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  const store = storeKind(values.store ?? 'postgres');
  if (store === 'sqlite') throw new Error('--store takes postgres and mysql: nobody else can open an embedded store');
  return {
    store,
    sagas: whole('sagas', values.sagas ?? '1000', 1),
    repetitions: whole('repetitions', values.repetitions ?? '3', 1),
    folder: values.folder,
  };
}
