import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Where another state of the project is, ready to run: a checkout that has its packages already, or a commit, which is
 * taken out of the repository and gets them here.
 * @param against a folder, or what git knows as a commit
 * @param folder of this run, removed at its end
 * @throws Error where it is neither
 */
export function provideOther(against: string, folder: string): string {
  if (existsSync(join(against, 'bench', 'coordinator.ts'))) {
    if (!existsSync(join(against, 'node_modules')))
      throw new Error(`${against} has no packages: run npm install there`);
    return resolve(against);
  }
  const target = join(folder, 'other');
  mkdirSync(target);
  const archive = join(folder, 'other.tar');
  must('git', ['archive', '--output', archive, against], root);
  must('tar', ['-xf', archive, '-C', target], root);
  must('npm', ['install', '--no-save', '--include=optional', '--prefer-offline', '--no-audit', '--no-fund'], target);
  return target;
}

function must(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
}
