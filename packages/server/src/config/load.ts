import { readEnvironment } from './environment.ts';
import { type Problem, SettingsError, shown } from './error.ts';
import { readFlags } from './flags.ts';
import { brokenRules } from './rules.ts';
import { type Settings, schema, settings } from './schema.ts';
import { namesComplaints } from './service-names.ts';
import { allowedBy, isAllowed, isSection, type SettingTree } from './setting.ts';
import { valueAt } from './setting-names.ts';
import type { Given, Source } from './source.ts';
import { readYamlFile } from './yaml-file.ts';

export interface SettingSources {
  /** A YAML file. */
  readonly file?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  /** Texts by the path of the setting, as `{ 'http.port': '0' }`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Which settings matter, by path. A rule between settings is checked where all of them do. Default: all matter. */
  readonly isConcerned?: (path: string) => boolean;
}

/**
 * Defaults, then the file, then the environment, then the flags; the later wins. Nothing is converted but the text of
 * environment and flags. The result is frozen, to be passed on in slices.
 * @throws SettingsError with everything that is wrong in any of them
 */
export function loadSettings(sources: SettingSources = {}): Settings {
  return loadSettingsWithOrigins(sources).loaded;
}

export interface LoadedSettings {
  readonly loaded: Settings;
  /** Where a setting was given, by its path; what is not in it has its default. */
  readonly origins: ReadonlyMap<string, string>;
  /** What is ignored, or means something else than its writer may think. */
  readonly notes: readonly Problem[];
}

/** As {@link loadSettings}. */
export function loadSettingsWithOrigins(sources: SettingSources = {}): LoadedSettings {
  const read = [
    ...(sources.file === undefined ? [] : [readYamlFile(sources.file, schema, settings)]),
    readEnvironment(sources.environment ?? {}, settings),
    readFlags(sources.flags ?? {}, settings),
  ];
  const problems = read.flatMap((source) => source.problems);
  const values = new Map<string, unknown>(settings.map(({ path, setting }) => [path, setting.default]));
  const origins = new Map<string, string>();
  for (const given of read.flatMap((source) => source.given)) {
    const wrong = checkGiven(given);
    problems.push(...wrong);
    if (wrong.length === 0) {
      values.set(given.path, given.value);
      origins.set(given.path, given.origin);
    }
  }
  const loaded = build(schema, values);
  if (problems.length === 0) problems.push(...brokenRules(loaded, origins, sources.isConcerned));
  if (problems.length > 0) throw new SettingsError(problems);
  return { loaded, origins, notes: notesOf(read, origins) };
}

/** dtm listens on every address of its machine. */
function notesOf(read: readonly Source[], origins: ReadonlyMap<string, string>): readonly Problem[] {
  const notes = read.flatMap((source) => source.notes);
  if (!read.some(({ isOfDtm }) => isOfDtm) || origins.has('http.host')) return notes;
  const text =
    'is 127.0.0.1 here, where dtm listens on all addresses: --http-host 0.0.0.0 does so, on a trusted network';
  return [...notes, { origin: 'defaults', name: 'http.host', text }];
}

/** A value is checked even where a later source overrides it: it is wrong all the same. */
function checkGiven({ path, origin, value }: Given): readonly Problem[] {
  const named = settings.find((candidate) => candidate.path === path);
  if (named === undefined || isAllowed(named.setting, value)) return [];
  if (named.setting.kind === 'names') {
    return namesComplaints(value).map(({ name, text }) => ({
      origin,
      name: [path, name].filter(Boolean).join('.'),
      text,
    }));
  }
  const isSecret = named.setting.kind === 'text' && named.setting.isSecret === true;
  const what = isSecret ? 'what was given' : shown(value);
  const text = `${what} is not allowed; allowed is ${allowedBy(named.setting, path)}`;
  return [{ origin, name: path, text }];
}

function build(tree: SettingTree, values: ReadonlyMap<string, unknown>): Settings {
  const built = buildSection(tree, '', values);
  // Each value was checked one by one or is a default, so this holds; it is what gives the result its type.
  if (!isComplete(built)) throw new Error('the settings do not follow their schema');
  return built;
}

function buildSection(tree: SettingTree, above: string, values: ReadonlyMap<string, unknown>): object {
  const entries = Object.entries(tree).map(([name, node]) => {
    const path = `${above}${name}`;
    return [name, isSection(node) ? buildSection(node.settings, `${path}.`, values) : values.get(path)];
  });
  return Object.freeze(Object.fromEntries(entries));
}

function isComplete(built: object): built is Settings {
  return settings.every(({ path, setting }) => isAllowed(setting, valueAt(built, path)));
}
