import { parseArgs } from 'node:util';

export interface Options {
  /** Length of one measured slice. */
  readonly seconds: number;
  /** Load before each slice that is not counted. */
  readonly settleSeconds: number;
  /** Load on each coordinator before the first slice, so that its code is compiled and its connections are open. */
  readonly warmUpSeconds: number;
  readonly repetitions: number;
  readonly inFlight: readonly number[];
  readonly json: boolean;
  /** Where the data folder is made; it decides which disk is measured. */
  readonly folder: string | undefined;
  /** Finished transactions that are in the store before anything is measured. */
  readonly stored: number;
  /** Where a CPU profile of the coordinator on its real store is written, one file per number in flight. */
  readonly profile: string | undefined;
  readonly startUp: boolean;
}

export const usage = `npm run bench -- [options]

  --quick              half a minute: 0.5 s a slice, 2 repetitions
  --seconds N          length of one measured slice (2)
  --repetitions N      slices of each kind; the median counts (5)
  --in-flight LIST     sagas in flight (1,16,64,256)
  --stored N           so many finished transactions are in the store at the start (0)
  --folder PATH        the data folder is made in there (the system's folder for temporary files)
  --profile FOLDER     also writes CPU profiles of the coordinator there and prints what they say
  --no-start-up        leaves out the start of the compiled coordinator
  --json               prints figures as JSON instead of tables
  --help`;

const flags = {
  quick: { type: 'boolean' },
  seconds: { type: 'string' },
  repetitions: { type: 'string' },
  'in-flight': { type: 'string' },
  stored: { type: 'string' },
  folder: { type: 'string' },
  profile: { type: 'string' },
  'no-start-up': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  const isQuick = values.quick === true;
  const seconds = positive('seconds', values.seconds ?? (isQuick ? '0.5' : '2'));
  return {
    seconds,
    settleSeconds: Math.min(0.5, seconds / 4),
    warmUpSeconds: Math.min(isQuick ? 1.5 : 4, seconds * 2),
    repetitions: whole('repetitions', values.repetitions ?? (isQuick ? '2' : '5'), 1),
    inFlight: (values['in-flight'] ?? '1,16,64,256').split(',').map((text) => whole('in-flight', text, 1)),
    stored: whole('stored', values.stored ?? '0', 0),
    folder: values.folder,
    profile: values.profile,
    startUp: values['no-start-up'] !== true,
    json: values.json === true,
  };
}

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new Error(`--${name} must be a number above 0`);
  return value;
}

export function whole(name: string, text: string, from: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < from) {
    throw new Error(`--${name} takes whole numbers from ${from}`);
  }
  return value;
}
