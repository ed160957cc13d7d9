import { shown } from './error.ts';
import type { NumberSetting } from './setting.ts';
import type { Named } from './setting-names.ts';

/** The configuration file of dtm: what becomes of each of its keys. */

export interface DtmKey {
  /** `Store.Driver` */
  readonly key: string;
  /** The setting it becomes, by its path; empty where none does. */
  readonly path: string;
  /** Seconds there, milliseconds here. */
  readonly isSeconds: boolean;
  /** Why it has no meaning here, or what to know of the setting it becomes; may be empty. */
  readonly note: string;
}

/** A value of the file, translated. */
export interface Translated {
  /** For the setting; undefined: it gives none. */
  readonly value?: unknown;
  /** What its owner should know; it is served all the same. */
  readonly note?: string;
  /** It cannot be served so. */
  readonly problem?: string;
}

const forServers = 'it is for database servers; the embedded store is in the folder dataDir';
const forRegistries = 'registries are not supported yet; services are found by dns:///, dns+srv:// and svc:// URLs';
const unusedThere = 'dtm declares it and does not use it either';

/** Keys without a setting, and what there is to say of those that have one. */
const notes: Readonly<Record<string, string>> = {
  'Store.Driver':
    'boltdb becomes sqlite, the embedded store. The data of dtm is not read: let dtm finish its transactions',
  'Store.Host': forServers,
  'Store.Port': forServers,
  'Store.User': forServers,
  'Store.Password': forServers,
  'Store.Db': forServers,
  'Store.Schema': forServers,
  'Store.MaxOpenConns': forServers,
  'Store.MaxIdleConns': forServers,
  'Store.ConnMaxLifeTime': forServers,
  'Store.DataExpire': 'counts from the end of a transaction; an unfinished one is never deleted',
  'Store.FinishedDataExpire': 'it is for Redis only; retentionMs says how long finished transactions are kept',
  'Store.RedisPrefix': 'it is for Redis only',
  TransCronInterval: 'Holdfast does not poll: it looks at each transaction when that is due',
  JsonRpcPort: unusedThere,
  'MicroService.Driver': `${forRegistries}. Any but default stops the start`,
  'MicroService.Target': forRegistries,
  'MicroService.EndPoint': forRegistries,
  'HttpMicroService.Driver': unusedThere,
  'HttpMicroService.RegistryType': unusedThere,
  'HttpMicroService.RegistryAddress': unusedThere,
  'HttpMicroService.RegistryOptions': unusedThere,
  'HttpMicroService.Target': unusedThere,
  'HttpMicroService.EndPoint': unusedThere,
  UpdateBranchSync: 'results of branches are always written in batches, and none is lost',
  UpdateBranchAsyncGoroutineNum: 'writes of all transactions are committed together; the section journal bounds them',
  'Log.Outputs': 'the log goes to stderr',
  'Log.RotationEnable': 'the log goes to stderr; keep and rotate it there',
  'Log.RotationConfigJSON': 'the log goes to stderr; keep and rotate it there',
  TimeZoneOffset: 'times are shown in UTC',
  ConfigUpdateInterval: 'a change of a topic is seen at once',
  AdminBasePath: 'there is no admin page yet; use holdfast list and holdfast show',
  GrpcServiceConfig: 'calls go round robin over the addresses of a dns:/// or svc:// URL',
};

/** Stores of dtm, and the address of the same kind of database here; '': there is none. */
const otherStores: ReadonlyMap<unknown, string> = new Map([
  ['mysql', 'mysql://user:password@host:port/database'],
  ['postgres', 'postgres://user:password@host:port/database'],
  ['redis', ''],
  ['sqlserver', ''],
]);

/** Every key of the file, in the order of dtm's own documentation as far as settings name them. */
export function dtmKeys(known: readonly Named[]): readonly DtmKey[] {
  const translated = known.flatMap(({ path, setting }) => {
    const [key, unit] = setting.dtm?.split(' ') ?? [];
    return key === undefined ? [] : { key, path, isSeconds: unit === '(seconds)', note: notes[key] ?? '' };
  });
  const others = Object.keys(notes).filter((key) => !translated.some((one) => one.key === key));
  return [...translated, ...others.map((key) => ({ key, path: '', isSeconds: false, note: notes[key] ?? '' }))];
}

/** `Store`, say. */
export function isDtmSection(name: string, keys: readonly DtmKey[]): boolean {
  return keys.some(({ key }) => key.startsWith(`${name}.`));
}

/** Nothing, or an empty text, is dtm's default: as if it were not there. */
export function translate(dtm: DtmKey, value: unknown, known: readonly Named[]): Translated {
  if (value === null || value === '') return {};
  switch (dtm.key) {
    case 'Store.Driver':
      return translateStore(value, dtm.note);
    case 'MicroService.Driver':
      return value === 'default' ? {} : { problem: `${forRegistries}; without them it is default, or left out` };
    case 'UpdateBranchSync':
      return value === 1 ? {} : { note: dtm.note };
    case 'Log.Outputs':
      return value === 'stderr' ? {} : { note: dtm.note };
    case 'RetryInterval':
      if (typeof value === 'number' && value < 10) return { problem: dtmLeastInterval };
      break;
    default:
  }
  if (dtm.path === '') return { note: dtm.note };
  const note = dtm.note === '' ? {} : { note: dtm.note };
  if (!dtm.isSeconds) return { value, ...note };
  return { ...inMilliseconds(value, known.find(({ path }) => path === dtm.path)?.setting as NumberSetting), ...note };
}

const dtmLeastInterval = 'should not be less than 10, as in dtm; with retryIntervalMs you can go down to 1000';

function translateStore(value: unknown, note: string): Translated {
  if (value === 'boltdb') return { value: 'sqlite', note };
  const address = otherStores.get(value);
  if (address === undefined) return { problem: `${shown(value)} is not a store of dtm; the embedded one is boltdb` };
  const instead =
    address === ''
      ? `${value} is not available in this version: write boltdb, or leave Store out`
      : `the database is not taken from here: leave Store out, and name it in store.url (HOLDFAST_STORE_URL=${address})`;
  return { problem: instead };
}

function inMilliseconds(value: unknown, { from, to }: NumberSetting): Translated {
  const least = Math.ceil(from / 1000);
  const most = Math.floor(to / 1000);
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) {
    return { value: Number(value) * 1000 };
  }
  return { problem: `${shown(value)} is not allowed; allowed is a whole number of seconds from ${least} to ${most}` };
}

/** What dtm refuses between two keys, by their values in seconds; each undefined where the file does not say. */
export function contradiction(timeoutToFail: unknown, retryInterval: unknown): string | undefined {
  if (Number(timeoutToFail ?? 35) >= Number(retryInterval ?? 10)) return undefined;
  return 'TimeoutToFail should not be less than RetryInterval, as dtm says; here timeoutToFailMs and retryIntervalMs are independent';
}
