import type { Problem } from './error.ts';
import { fromText } from './setting.ts';
import type { Named } from './setting-names.ts';
import { type Given, type Source, unknownSetting } from './source.ts';

/** Values of flags by the path of their setting, as text. */
export function readFlags(flags: Readonly<Record<string, string>>, known: readonly Named[]): Source {
  const given: Given[] = [];
  const problems: Problem[] = [];
  for (const [path, value] of Object.entries(flags)) {
    const named = known.find((candidate) => candidate.path === path);
    if (named === undefined) problems.push({ origin: 'flags', name: path, text: unknownSetting(path, known, []) });
    else given.push({ path, origin: named.flag, value: fromText(named.setting, value) });
  }
  return { given, problems, notes: [], isOfDtm: false };
}
