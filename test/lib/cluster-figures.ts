import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitNow } from '../../scripts/lib/covered.ts';

const path = join(import.meta.dirname, '..', 'results', 'cluster.json');

/** What was measured of three coordinators on one database. `test/results/all.json` says whether it is good. */
export function keepFigures(kind: string, what: string, figures: object): void {
  const all: Record<string, object> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  all[`${what} on ${kind}`] = { date: new Date().toISOString(), commit: commitNow(), ...figures };
  const inOrder = Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(inOrder), undefined, 2)}\n`);
}
