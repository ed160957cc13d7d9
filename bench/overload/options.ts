import { parseArgs } from 'node:util';
import { positive, whole } from '../options.ts';

export interface OverloadOptions {
  /** How many times what the coordinator can take is offered. */
  readonly factor: number;
  /** How long. */
  readonly seconds: number;
  /** How long the closed loop runs that finds what it can take. */
  readonly closedLoopSeconds: number;
  /** How long it is offered half of what it can take: before, to compare with. */
  readonly calmSeconds: number;
  /** The longest time after the overload in which it is looked whether all is as before. */
  readonly afterSeconds: number;
  /** TCCs whose second phase comes under overload. */
  readonly secondPhases: number;
  /** Of the clients, kept alive; what finds none free waits at the client, and that counts. */
  readonly connections: number;
  readonly folder: string | undefined;
}

export const usage = `npm run bench:overload -- [options]

  --factor N           so many times what it can take is offered (2)
  --seconds N          how long (30)
  --after N            how long it is watched afterwards, at most, in seconds (30)
  --calm N             how long each measurement before it takes, in seconds (8)
  --second-phases N    prepared TCCs that are submitted during the overload (500)
  --connections N      kept alive by the clients (6000)
  --folder PATH        the data folders are made in there (the system's folder for temporary files)
  --help`;

const flags = {
  factor: { type: 'string' },
  seconds: { type: 'string' },
  after: { type: 'string' },
  calm: { type: 'string' },
  'second-phases': { type: 'string' },
  connections: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): OverloadOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  const calmSeconds = positive('calm', values.calm ?? '8');
  return {
    factor: positive('factor', values.factor ?? '2'),
    seconds: positive('seconds', values.seconds ?? '30'),
    closedLoopSeconds: calmSeconds,
    calmSeconds,
    afterSeconds: positive('after', values.after ?? '30'),
    secondPhases: whole('second-phases', values['second-phases'] ?? '500', 1),
    connections: whole('connections', values.connections ?? '6000', 1),
    folder: values.folder,
  };
}
