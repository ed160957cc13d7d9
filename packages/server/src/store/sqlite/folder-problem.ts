import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { isDamage } from './errors.ts';
import { judgeFolder, judgeIdentity } from './folder-judgement.ts';
import { lookAtFolder } from './folder-sight.ts';
import { type Identity, readIdentity } from './identity.ts';
import { restoringName } from './restored.ts';

/**
 * Why no store would start on a data folder, as far as its files say it of each other; undefined: nothing is wrong.
 * Nothing is written, locked or made.
 *
 * @param db the database with its WAL; undefined: there is none
 */
export function folderProblem(folder: string, db: DatabaseSync | undefined): string | undefined {
  if (existsSync(join(folder, restoringName))) return `a restore was cut off: ${restoringName} is there`;
  const sight = lookAtFolder(folder);
  const damage = judgeFolder(sight) ?? (db === undefined ? undefined : judgeIdentity(identityOf(db), sight));
  return damage && `${damage.file} ${damage.met}; expected: ${damage.expected}`;
}

function identityOf(db: DatabaseSync): Identity | undefined {
  try {
    return readIdentity(db);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}
