import { valueAt } from '../config/names.ts';
import { type Settings, settings } from '../config/schema.ts';

/** Every setting with its value and where it comes from, as YAML with comments. */
export function settingLines(loaded: Settings, origins: ReadonlyMap<string, string>): string[] {
  const width = Math.max(...settings.map(({ path }) => path.length + valueText(loaded, path).length));
  return settings.map(({ path }) => {
    const line = `${path}: ${valueText(loaded, path)}`;
    return `${line.padEnd(width + 4)}# ${origins.get(path) ?? 'default'}`;
  });
}

function valueText(loaded: Settings, path: string): string {
  return JSON.stringify(valueAt(loaded, path));
}
