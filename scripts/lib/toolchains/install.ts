/**
 * What the interoperation tests need beside Node is found, or installed where that can be done without asking. Nothing is
 * installed into the system but by apt-get as root; the rest is kept under node_modules/.cache.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const commandLimitMs = 600_000;

/** What a test runs, or the sentence that says what to install. */
export type Toolchain<T> = { readonly found: T } | { readonly missing: string };

/** A folder of the cache. Files that change what is in it give it another name. */
export function cacheFolder(name: string, files: readonly string[] = []): string {
  const folder = join(root, 'node_modules', '.cache', 'holdfast');
  if (files.length === 0) return join(folder, name);
  const digest = createHash('sha256');
  for (const file of files) digest.update(basename(file)).update('\0').update(readFileSync(file)).update('\0');
  return join(folder, `${name}-${digest.digest('hex').slice(0, 12)}`);
}

export function announce(what: string, folder: string): void {
  console.log(`holdfast: ${what} into ${folder.slice(root.length + 1)}`);
}

/** Servers stand in sbin, which is not on everybody's path; some programs have a folder of their own. */
export function find(program: string, ownFolders: readonly string[] = []): string | undefined {
  const folders = [...ownFolders, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** What `find` finds, where need be after an installation. */
export function findOrInstall<T>(
  what: string,
  packages: readonly string[],
  elsewhere: string,
  look: () => T | undefined,
): Toolchain<T> {
  const programs = look();
  if (programs !== undefined) return { found: programs };
  const failure = installFromDebian(what, packages);
  const installed = look();
  if (installed !== undefined) return { found: installed };
  const others = elsewhere === '' ? '' : `; ${elsewhere}`;
  return { missing: `${what} is not installed (Debian: apt-get install ${packages.join(' ')}${others})${failure}` };
}

/** Empty where it went well, else why not. */
export function installFromDebian(what: string, packages: readonly string[]): string {
  if (process.getuid?.() !== 0) return '; only root can install it';
  if (find('apt-get') === undefined) return '; there is no apt-get to install it with';
  console.log(`holdfast: installing ${what} (apt-get install ${packages.join(' ')}), this takes about half a minute`);
  const wait = ['-o', 'DPkg::Lock::Timeout=240'];
  // Lists may be old or absent; where they cannot be had, the install says what is wrong.
  run('apt-get', ['update', '--quiet', ...wait]);
  // In run level 1 a package starts no service.
  const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const args = ['install', '--yes', '--quiet', '--no-install-recommends', ...wait, ...packages];
  return run('apt-get', args, { environment });
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

/** Empty where it went well, else how it ended and what it said last. */
export function run(command: string, args: readonly string[], { environment, folder }: RunOptions = {}): string {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: commandLimitMs,
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  if (done.status === 0) return '';
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().split('\n').slice(-5).join('\n');
  return `; ${[command, ...args].join(' ')} ended with ${done.error?.message ?? done.status ?? done.signal}:\n${said}`;
}
