import { meant, nearestName } from '@holdfast/core';
import type { Problem } from './error.ts';
import { isServiceLink, linkAdvice, linkNote } from './service-links.ts';
import { fromText } from './setting.ts';
import type { Named } from './setting-names.ts';
import type { Given, Source } from './source.ts';

/** Names the YAML file, for whoever gives no flags. */
export const configVariable = 'HOLDFAST_CONFIG';

/** Variables that begin with `HOLDFAST_`; an empty one counts as not given. */
export function readEnvironment(environment: NodeJS.ProcessEnv, known: readonly Named[]): Source {
  const given: Given[] = [];
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('HOLDFAST_') || value === undefined || value === '' || variable === configVariable)
      continue;
    const named = known.find((candidate) => candidate.variable === variable);
    if (isServiceLink(variable, value, environment)) {
      if (named !== undefined) notes.push({ origin: variable, name: named.path, text: linkNote });
    } else if (named !== undefined) {
      given.push({ path: named.path, origin: variable, value: fromText(named.setting, value) });
    } else {
      const advice = `${meant(nearestVariable(variable, known))}${linkAdvice(variable, environment)}`;
      problems.push({ origin: variable, name: '', text: `is not known${advice}` });
    }
  }
  return { given, problems, notes, isOfDtm: false };
}

function nearestVariable(variable: string, known: readonly Named[]): string | undefined {
  const paths = known.map(({ path }) => path);
  const near = nearestName(variable.slice('HOLDFAST_'.length), paths);
  return known.find(({ path }) => path === near)?.variable;
}
