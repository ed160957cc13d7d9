import { parseArgs } from 'node:util';
import { positive, whole } from '../options.ts';

export interface GrpcOptions {
  readonly inFlight: readonly number[];
  readonly repetitions: number;
  /** Length of one slice of load. */
  readonly seconds: number;
  /** A commit or a checkout whose coordinator is measured as well. */
  readonly against: string | undefined;
  readonly folder: string | undefined;
}

export const usage = `npm run bench:grpc -- [options]

  --in-flight N,N,...  sagas in flight (1,16,64,256)
  --repetitions N      slices of each kind; the median counts (5)
  --seconds N          length of one measured slice (3)
  --against OTHER      the coordinator of another commit, or of another checkout, takes turns with this one
  --folder PATH        the data folder is made in there (the system's folder for temporary files)
  --help`;

const flags = {
  'in-flight': { type: 'string' },
  repetitions: { type: 'string' },
  seconds: { type: 'string' },
  against: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): GrpcOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  return {
    inFlight: (values['in-flight'] ?? '1,16,64,256').split(',').map((text) => whole('in-flight', text, 1)),
    repetitions: whole('repetitions', values.repetitions ?? '5', 1),
    seconds: positive('seconds', values.seconds ?? '3'),
    against: values.against,
    folder: values.folder,
  };
}
