import { parseArgs } from 'node:util';
import { positive, whole } from '../options.ts';
import { layouts } from './layouts.ts';

export interface LayoutOptions {
  /** By their names; `store` is the store itself. */
  readonly layouts: readonly string[];
  readonly seconds: number;
  readonly pinnedSeconds: number;
  readonly writers: number;
  readonly folder: string | undefined;
}

export const usage = `npm run bench:layouts -- [options]

  --layouts LIST       by their names; store is the store itself (all)
  --seconds N          length of the load on each layout while nobody holds a snapshot (60)
  --pinned-seconds N   and while a transaction holds one (300)
  --writers N          connections that write batches (2)
  --folder PATH        the data folders are made in there (the system's folder for temporary files)
  --help`;

const flags = {
  layouts: { type: 'string' },
  seconds: { type: 'string' },
  'pinned-seconds': { type: 'string' },
  writers: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): LayoutOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  const known = ['store', ...layouts.map(({ name }) => name)];
  const names = values.layouts?.split(',') ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--layouts takes ${known.join(', ')}, not ${unknown}`);
  return {
    layouts: known.filter((name) => names.includes(name)),
    seconds: positive('seconds', values.seconds ?? '60'),
    pinnedSeconds: positive('pinned-seconds', values['pinned-seconds'] ?? '300'),
    writers: whole('writers', values.writers ?? '2', 1),
    folder: values.folder,
  };
}
