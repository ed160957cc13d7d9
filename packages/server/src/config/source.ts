import { meant, nearestName } from '@holdfast/core';
import type { DtmKey } from './dtm.ts';
import type { Problem } from './error.ts';
import type { Named } from './setting-names.ts';

/** A value that somebody gave for a setting, not yet checked. */
export interface Given {
  readonly path: string;
  readonly origin: string;
  readonly value: unknown;
}

/** What a source gave, and what in it cannot even be laid at a setting's door. */
export interface Source {
  readonly given: readonly Given[];
  readonly problems: readonly Problem[];
  /** What has no meaning here, or another one than where it comes from: keys of dtm, addresses of Kubernetes. */
  readonly notes: readonly Problem[];
  /** It has keys of dtm. */
  readonly isOfDtm: boolean;
}

/** What is wrong with a name that no setting has. */
export function unknownSetting(path: string, known: readonly Named[], dtm: readonly DtmKey[]): string {
  if (known.some((candidate) => candidate.path === path)) {
    return `is written in two lines: ${path.replace('.', ':, and indented below it ')}:`;
  }
  const paths = known.map((candidate) => candidate.path);
  const near = nearestName(path, /^[A-Z]/.test(path) ? [...dtm.map(({ key }) => key), ...paths] : paths);
  return `is not a setting${meant(near)}`;
}
