import { type Settings, settings } from '../config/schema.ts';
import { valueAt } from '../config/setting-names.ts';

/** Every setting with its value and where it comes from, as YAML with comments. */
export function settingLines(loaded: Settings, origins: ReadonlyMap<string, string>): string[] {
  const lines = settings.map(({ path, setting }) => {
    const value = valueAt(loaded, path);
    const isHidden = setting.kind === 'text' && setting.isSecret === true && value !== '';
    return { path, text: `${path}: ${isHidden ? '(set, not shown)' : JSON.stringify(value)}` };
  });
  const width = Math.max(...lines.map(({ text }) => text.length)) + 2;
  return lines.map(({ path, text }) => `${text.padEnd(width)}# ${origins.get(path) ?? 'default'}`);
}
