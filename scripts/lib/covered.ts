import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './part.ts';

function git(args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
  return stdout.trim();
}

/** Of the code as it stands, not as it was committed. */
export function digestOf(covers: readonly string[]): string {
  const listed = git(['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...covers]);
  const digest = createHash('sha256');
  for (const file of [...new Set(listed.split('\0'))].sort()) {
    const path = join(root, file);
    if (file !== '' && existsSync(path)) digest.update(file).update('\0').update(readFileSync(path)).update('\0');
  }
  return digest.digest('hex').slice(0, 16);
}

/** When the code was changed, by the commit that did it; now, where none has it yet. In a shallow clone that is the latest it can have been. */
export function changedAt(covers: readonly string[]): Date {
  const committed = git(['log', '-1', '--format=%cI', '--', ...covers]);
  return committed === '' ? new Date() : new Date(committed);
}

export function isShallow(): boolean {
  return git(['rev-parse', '--is-shallow-repository']) === 'true';
}

/** The commit that is checked out; with a plus where files have been changed since. */
export function commitNow(): string {
  const hasChanges = git(['status', '--porcelain', '--untracked-files=no']) !== '';
  return `${git(['rev-parse', '--short=12', 'HEAD'])}${hasChanges ? '+' : ''}`;
}
