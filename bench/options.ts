import { parseArgs } from 'node:util';
import { type Kind, kinds } from './load/kinds.ts';
import { type StoreKind, storeKinds } from './stores.ts';

export const sections = ['load', 'burst', 'waiters', 'start-up'] as const;
export type Section = (typeof sections)[number];

export interface Options {
  readonly store: StoreKind;
  /** So many coordinators share the load, one after the other of these. More than one: on a database only. */
  readonly coordinators: readonly number[];
  readonly sections: readonly Section[];
  readonly kinds: readonly Kind[];
  /** Length of one measured slice. */
  readonly seconds: number;
  /** Load before each slice that is not counted. */
  readonly settleSeconds: number;
  /** Load on each coordinator before the first slice, so that its code is compiled and its connections are open. */
  readonly warmUpSeconds: number;
  readonly repetitions: number;
  readonly inFlight: readonly number[];
  /** Requests of wait_result that are open at once. */
  readonly waiters: number;
  /** A commit or a checkout whose coordinator is measured as well. */
  readonly against: string | undefined;
  readonly json: boolean;
  /** Where the data folder is made; it decides which disk is measured. */
  readonly folder: string | undefined;
  /** Finished transactions that are in the store before anything is measured. */
  readonly stored: number;
  /** Where CPU profiles of the coordinator on its real store are written, one file for each load. */
  readonly profile: string | undefined;
}

export const usage = `npm run bench -- [options]

  --quick              a minute and a half: 0.5 s a slice, 2 repetitions
  --store NAME         sqlite, or postgres or mysql (MariaDB): then a server of its own is started (sqlite)
  --coordinators LIST  so many share the load on a database, 1 to 3 (1)
  --kind LIST          saga, tcc, msg, or all (all)
  --in-flight LIST     transactions in flight (64,256,1024; on a database 1,16,64,256)
  --against OTHER      the coordinator of another commit, or of another checkout, takes turns with this one
  --sections LIST      of load, burst, waiters and start-up (all of them; on a database load)
  --seconds N          length of one measured slice (2)
  --repetitions N      slices of each kind; the median counts (5)
  --waiters N          open requests of wait_result whose memory is measured (5000)
  --stored N           so many finished transactions are in the store at the start (0)
  --folder PATH        the data folder is made in there (the system's folder for temporary files)
  --profile FOLDER     also writes CPU profiles of the coordinator there and prints what they say
  --json               prints figures as JSON instead of tables
  --help`;

const flags = {
  store: { type: 'string' },
  coordinators: { type: 'string' },
  quick: { type: 'boolean' },
  kind: { type: 'string' },
  'in-flight': { type: 'string' },
  against: { type: 'string' },
  sections: { type: 'string' },
  seconds: { type: 'string' },
  repetitions: { type: 'string' },
  waiters: { type: 'string' },
  stored: { type: 'string' },
  folder: { type: 'string' },
  profile: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Undefined: help was asked for. @throws Error about what is wrong */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false });
  if (values.help === true) return undefined;
  const isQuick = values.quick === true;
  const store = storeKind(values.store);
  const isEmbedded = store === 'sqlite';
  const coordinators = (values.coordinators ?? '1').split(',').map((text) => whole('coordinators', text, 1));
  if (coordinators.some((count) => count > (isEmbedded ? 1 : 3))) {
    throw new Error('--coordinators takes 1, 2 and 3, and more than 1 only with --store postgres or mysql');
  }
  const measured = oneOrMore('sections', values.sections ?? (isEmbedded ? undefined : 'load'), sections);
  if (!isEmbedded && measured.some((section) => section !== 'load')) {
    throw new Error('of a coordinator on a database --sections load alone can be measured');
  }
  const seconds = positive('seconds', values.seconds ?? (isQuick ? '0.5' : '2'));
  return {
    store,
    coordinators,
    sections: measured,
    kinds: oneOrMore('kind', values.kind, kinds),
    seconds,
    settleSeconds: Math.min(0.5, seconds / 4),
    warmUpSeconds: Math.min(isQuick ? 1.5 : 4, seconds * 2),
    repetitions: whole('repetitions', values.repetitions ?? (isQuick ? '2' : '5'), 1),
    inFlight: (values['in-flight'] ?? (isEmbedded ? '64,256,1024' : '1,16,64,256'))
      .split(',')
      .map((text) => whole('in-flight', text, 1)),
    waiters: whole('waiters', values.waiters ?? '5000', 1),
    against: values.against,
    stored: whole('stored', values.stored ?? '0', 0),
    folder: values.folder,
    profile: values.profile,
    json: values.json === true,
  };
}

export function storeKind(text = 'sqlite'): StoreKind {
  const kind = storeKinds.find((one) => one === text);
  if (kind === undefined) throw new Error(`--store takes ${storeKinds.join(', ')}, not ${text}`);
  return kind;
}

/** Those of a list with commas; all of them where it is absent or says so. */
function oneOrMore<T extends string>(name: string, list: string | undefined, known: readonly T[]): readonly T[] {
  if (list === undefined || list === 'all') return known;
  const asked = list.split(',');
  const unknown = asked.find((text) => !known.some((one) => one === text));
  if (unknown !== undefined) throw new Error(`--${name} takes ${known.join(', ')} or all, not ${unknown}`);
  return known.filter((one) => asked.includes(one));
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
