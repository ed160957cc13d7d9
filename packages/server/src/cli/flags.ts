import type { Command } from 'commander';
import { configVariable } from '../config/environment.ts';
import type { Problem } from '../config/error.ts';
import { type LoadedSettings, loadSettingsWithOrigins } from '../config/load.ts';
import { settings } from '../config/schema.ts';
import { allowedBy } from '../config/setting.ts';
import type { Named } from '../config/setting-names.ts';
import type { Address } from './ask.ts';
import { UsageError } from './error.ts';

/** What commander hands over: the values of flags by their name in camel case. */
export type Flags = Readonly<Record<string, string>>;

export const configFlag = ['-c, --config <file>', 'read settings from a YAML file'] as const;

/**
 * The flags of the common settings, as the schema describes them.
 * @param texts what replaces the description of a setting in this command, by its path
 */
export function withSettings(command: Command, texts: Readonly<Record<string, string>> = {}): Command {
  command.option(...configFlag);
  for (const named of settings) {
    if (named.setting.flag === true) command.option(flagOf(named), texts[named.path] ?? descriptionOf(named));
  }
  return command;
}

function flagOf({ flag, setting }: Named): string {
  return `${flag} <${setting.kind === 'number' ? 'number' : 'value'}>`;
}

function descriptionOf({ path, setting }: Named): string {
  const [summary = ''] = setting.description.split('. ');
  const hint = setting.kind === 'choice' ? `; ${allowedBy(setting, path)}` : '';
  return `${summary.replace(/\.$/, '')}${hint}${setting.default === '' ? '' : ` (default ${setting.default})`}`;
}

/** The flags of a command that asks the coordinator that runs: where it listens, and how long its answer may take. */
export function withCoordinator(command: Command, seconds = 30): Command {
  const listens = new Map(settings.map(({ path, setting }) => [path, setting.default]));
  return command
    .option(...configFlag)
    .option('--http-host <value>', `the address of the running coordinator (default ${listens.get('http.host')})`)
    .option('--http-port <number>', `its HTTP port (default ${listens.get('http.port')})`)
    .option('--timeout <seconds>', `how long to wait for its answer (default ${seconds})`);
}

/** Where to ask, by the flags of {@link withCoordinator}, the environment and the file. */
export function coordinatorAt(flags: object, environment: NodeJS.ProcessEnv): Address {
  const given = flags as Flags;
  const isConcerned = (path: string) => path.startsWith('http.');
  const { host, port } = load(given, environment, isConcerned).loaded.http;
  return { host, port, ...timeoutOf(given['timeout']) };
}

/** Seconds that a timer can count. */
const longestSeconds = 86_400;

function timeoutOf(given: string | undefined): Pick<Address, 'timeoutMs'> {
  if (given === undefined) return {};
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  if (seconds > 0 && seconds <= longestSeconds) return { timeoutMs: Math.ceil(seconds * 1000) };
  throw new UsageError(`--timeout must be a number of seconds above 0, at most ${longestSeconds}`);
}

/** @param isConcerned whether a command has to do with a setting, by its path: rules about others do not stop it */
export function load(
  flags: Flags,
  environment: NodeJS.ProcessEnv,
  isConcerned?: (path: string) => boolean,
): LoadedSettings {
  const given: Record<string, string> = {};
  for (const { path, flag } of settings) {
    const value = flags[camelCase(flag)];
    if (value !== undefined) given[path] = value;
  }
  return loadSettingsWithOrigins({
    file: flags['config'] ?? (environment[configVariable] || undefined),
    environment,
    flags: given,
    ...(isConcerned && { isConcerned }),
  });
}

/** On stderr: what is printed stays for programs. */
export function tell(notes: readonly Problem[]): void {
  for (const { origin, name, text } of notes) console.error(`holdfast: ${origin}: ${name}: ${text}`);
}

/** `--http-port`: httpPort, as commander names it */
function camelCase(flag: string): string {
  return flag.slice(2).replace(/-[a-z]/g, (letter) => letter.slice(1).toUpperCase());
}
