import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { restoringName } from '../backup/restored.ts';
import { isDamage } from '../errors.ts';
import { type Identity, readIdentity } from './identity.ts';
import { judgeFolder, judgeIdentity, lostCommits } from './judgement.ts';
import { lookAtFolder } from './sight.ts';

/** What the files of a data folder say of each other. */
export interface FolderFindings {
  /** Why no store would start on it; undefined: nothing is wrong. */
  readonly problem: string | undefined;
  /** What the start would warn of. */
  readonly caution: string | undefined;
}

/**
 * Nothing is written, locked or made.
 *
 * @param db the database with its WAL; undefined: there is none
 */
export function findInFolder(folder: string, db: DatabaseSync | undefined): FolderFindings {
  if (existsSync(join(folder, restoringName))) {
    return { problem: `a restore was cut off: ${restoringName} is there`, caution: undefined };
  }
  const sight = lookAtFolder(folder);
  const damage = judgeFolder(sight) ?? (db === undefined ? undefined : judgeIdentity(identityOf(db), sight));
  return {
    problem: damage && `${damage.file} ${damage.met}; expected: ${damage.expected}`,
    caution: damage === undefined ? lostCommits(folder, sight) : undefined,
  };
}

function identityOf(db: DatabaseSync): Identity | undefined {
  try {
    return readIdentity(db);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}
