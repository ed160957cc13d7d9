import { type Settings, schema } from '../config/schema.ts';
import { isSection, type Setting, type SettingTree } from '../config/setting.ts';
import { valueAt } from '../config/setting-names.ts';

/**
 * Every setting with its value and where it comes from, as a YAML file that `-c` takes (JSON is YAML).
 * A secret is a comment only.
 */
export function settingLines(loaded: Settings, origins: ReadonlyMap<string, string>): string[] {
  return linesOf(schema, '', loaded, origins).map(({ text, comment }) =>
    comment === '' ? text : `${text.padEnd(commentColumn)}  # ${comment}`,
  );
}

/** Longer lines have their comment further right. */
const commentColumn = 40;

interface Line {
  readonly text: string;
  /** Where it comes from; empty for the head of a section. */
  readonly comment: string;
}

function linesOf(tree: SettingTree, above: string, loaded: Settings, origins: ReadonlyMap<string, string>): Line[] {
  const indent = '  '.repeat(above.split('.').length - 1);
  return Object.entries(tree).flatMap(([name, node]): Line[] => {
    const path = `${above}${name}`;
    if (isSection(node)) {
      return [{ text: `${indent}${name}:`, comment: '' }, ...linesOf(node.settings, `${path}.`, loaded, origins)];
    }
    const value = valueAt(loaded, path);
    const text = isHidden(node, value)
      ? `${indent}# ${name}: (set, not shown)`
      : `${indent}${name}: ${JSON.stringify(value)}`;
    return [{ text, comment: origins.get(path) ?? 'default' }];
  });
}

function isHidden(setting: Setting, value: unknown): boolean {
  return setting.kind === 'text' && setting.isSecret === true && value !== '';
}
