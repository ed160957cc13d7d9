import { meant, nearestName } from '@holdfast/core';
import type { Problem } from './error.ts';
import { fromText } from './setting.ts';
import type { Named } from './setting-names.ts';
import type { Given, Source } from './source.ts';

/** Variables that begin with `HOLDFAST_`; an empty one counts as not given. */
export function readEnvironment(environment: NodeJS.ProcessEnv, known: readonly Named[]): Source {
  const given: Given[] = [];
  const problems: Problem[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('HOLDFAST_') || value === undefined || value === '') continue;
    if (environment['KUBERNETES_SERVICE_HOST'] !== undefined && isServiceLink(variable, value)) continue;
    const named = known.find((candidate) => candidate.variable === variable);
    if (named !== undefined) {
      given.push({ path: named.path, origin: variable, value: fromText(named.setting, value) });
    } else
      problems.push({ origin: variable, name: '', text: `is not known${meant(nearestVariable(variable, known))}` });
  }
  return { given, problems, notes: [], isOfDtm: false };
}

/**
 * Kubernetes puts the addresses of services into the environment of every pod; those of a service that is itself named
 * `holdfast` begin like our settings and are none.
 */
export function isServiceLink(variable: string, value: string): boolean {
  if (/^HOLDFAST_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(variable)) return true;
  if (/^HOLDFAST_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(variable)) return true;
  return variable === 'HOLDFAST_PORT' && /^(tcp|udp|sctp):\/\//.test(value);
}

function nearestVariable(variable: string, known: readonly Named[]): string | undefined {
  const paths = known.map(({ path }) => path);
  const near = nearestName(variable.slice('HOLDFAST_'.length), paths);
  return known.find(({ path }) => path === near)?.variable;
}
