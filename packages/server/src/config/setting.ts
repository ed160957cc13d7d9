import { namesComplaints, namesFromText } from './service-names.ts';

/** The kinds of settings, and the types that follow from them. Units come last in a name: `Ms`, `Bytes`. */
export type Setting = NumberSetting | TextSetting | ChoiceSetting | NamesSetting;

interface Common {
  /** For people: what it does, in sentences. */
  readonly description: string;
  /** It can be given as a flag, too. */
  readonly flag?: true;
  /** The key of dtm's file that becomes this setting, with its unit where that differs, as `RetryInterval (seconds)`. */
  readonly dtm?: string;
}

export interface NumberSetting extends Common {
  readonly kind: 'number';
  readonly default: number;
  /** Inclusive bounds; numbers are whole. */
  readonly from: number;
  readonly to: number;
}

export interface TextSetting extends Common {
  readonly kind: 'text';
  readonly default: string;
  readonly maxCharacters: number;
  /** Never shown. */
  readonly isSecret?: true;
  /** What `allowed` says of it. */
  readonly allowed: string;
}

export interface ChoiceSetting<Value extends string = string> extends Common {
  readonly kind: 'choice';
  readonly default: Value;
  readonly values: readonly Value[];
}

/** Names of services, each with the addresses it stands for. */
export interface NamesSetting extends Common {
  readonly kind: 'names';
  readonly default: ServiceNames;
}

export type SettingValue = string | number | ServiceNames;

export type ServiceNames = Readonly<Record<string, readonly string[]>>;

export interface Section<Settings extends SettingTree = SettingTree> {
  readonly kind: 'section';
  readonly description: string;
  readonly settings: Settings;
}

export interface SettingTree {
  readonly [name: string]: Setting | Section;
}

/** The loaded form of a tree of settings. */
export type ValuesOf<Tree extends SettingTree> = { readonly [Name in keyof Tree]: ValueOf<Tree[Name]> };

type ValueOf<Node> =
  Node extends Section<infer Settings>
    ? ValuesOf<Settings>
    : Node extends ChoiceSetting<infer Value>
      ? Value
      : Node extends NumberSetting
        ? number
        : Node extends NamesSetting
          ? ServiceNames
          : string;

export const number = (setting: Omit<NumberSetting, 'kind'>): NumberSetting => ({ kind: 'number', ...setting });
export const names = (setting: Omit<NamesSetting, 'kind'>): NamesSetting => ({ kind: 'names', ...setting });
export const text = (setting: Omit<TextSetting, 'kind'>): TextSetting => ({ kind: 'text', ...setting });

/** The path of a file that may be left out. */
export const file = (setting: Common): TextSetting =>
  text({ default: '', maxCharacters: 4096, allowed: 'the path of a file, or nothing', ...setting });

export function choice<const Value extends string>(setting: Omit<ChoiceSetting<Value>, 'kind'>): ChoiceSetting<Value> {
  return { kind: 'choice', ...setting };
}

export function section<Settings extends SettingTree>(description: string, settings: Settings): Section<Settings> {
  return { kind: 'section', description, settings };
}

export function isSection(node: Setting | Section | undefined): node is Section {
  return node?.kind === 'section';
}

/** What a setting takes, as a phrase for error messages and documentation. */
export function allowedBy(setting: Setting, path: string): string {
  switch (setting.kind) {
    case 'number':
      return `a whole number${unitOf(path)} from ${setting.from} to ${setting.to}`;
    case 'text':
      return setting.allowed;
    case 'choice':
      return setting.values.length === 1 ? `only ${setting.values[0]}` : `one of ${setting.values.join(', ')}`;
    case 'names':
      return 'a map from names to lists of addresses';
    default:
      return setting satisfies never;
  }
}

/** Named by the end of the path, as everywhere in the code. */
function unitOf(path: string): string {
  if (path.endsWith('Ms')) return ' of milliseconds';
  return path.endsWith('Bytes') ? ' of bytes' : '';
}

export function isAllowed(setting: Setting, value: unknown): value is SettingValue {
  switch (setting.kind) {
    case 'number':
      return Number.isSafeInteger(value) && Number(value) >= setting.from && Number(value) <= setting.to;
    case 'text':
      return (
        typeof value === 'string' && (value !== '' || setting.default === '') && value.length <= setting.maxCharacters
      );
    case 'choice':
      return typeof value === 'string' && setting.values.includes(value);
    case 'names':
      return namesComplaints(value).length === 0;
    default:
      return setting satisfies never;
  }
}

/** A value as it comes from the environment or a flag: text. What is not a number stays text, and is then refused. */
export function fromText(setting: Setting, given: string): SettingValue {
  if (setting.kind === 'names') return namesFromText(given);
  return setting.kind === 'number' && /^-?\d+$/.test(given) ? Number(given) : given;
}
