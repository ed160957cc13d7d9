import { isSection, type Setting, type SettingTree } from './setting.ts';

/** One setting with the three names it goes by, all derived from its place in the schema by one rule. */
export interface Named {
  /** `http.port`: in the file and in messages. */
  readonly path: string;
  /** `HOLDFAST_HTTP_PORT` */
  readonly variable: string;
  /** `--http-port`; only settings marked as flags have it. */
  readonly flag: string;
  readonly setting: Setting;
}

/** All settings of a tree, in its order. */
export function namedSettings(tree: SettingTree, above: readonly string[] = []): Named[] {
  return Object.entries(tree).flatMap(([name, node]) => {
    const names = [...above, name];
    if (isSection(node)) return namedSettings(node.settings, names);
    const words = names.flatMap(wordsOf);
    return {
      path: names.join('.'),
      variable: `HOLDFAST_${words.join('_').toUpperCase()}`,
      flag: `--${words.join('-')}`,
      setting: node,
    };
  });
}

/** The value of a setting by its path. */
export function valueAt(loaded: object, path: string): unknown {
  let value: unknown = loaded;
  for (const name of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value;
}

/** `bodyLimitBytes`: body, limit, bytes */
function wordsOf(name: string): string[] {
  return name
    .replace(/[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase()
    .split(' ');
}
