import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fillOnce } from './downloaded.ts';
import { announce, cacheFolder, find, run, type Toolchain } from './install.ts';

/** Those that the published command is tried under. */
export type NodeVersion = 20 | 22 | 24;

const home = join(import.meta.dirname, 'nodes');
const files = ['package.json', 'package-lock.json'];

/** A program of this version: the machine's own, the one that runs the tests, or one of npm's, kept under node_modules/.cache. */
export function nodeOf(version: NodeVersion): Toolchain<string> {
  const own = [process.execPath, find('node')].find((path) => path !== undefined && versionOf(path) === version);
  if (own !== undefined) return { found: own };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return {
      missing: `Node ${version} is installed for Linux on x64 only; elsewhere it must be the first on the path`,
    };
  const cache = cacheFolder(
    'nodes',
    files.map((file) => join(home, file)),
  );
  if (!existsSync(cache)) announce('installing Node 20 and 22', cache);
  const failure = fillOnce(cache, install);
  if (failure !== '') return { missing: `Node ${version} cannot be had${failure}` };
  return { found: join(cache, 'node_modules', `node-${version}`, 'bin', 'node') };
}

function versionOf(program: string): number {
  return Number(/^v(\d+)/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]);
}

/** npm refuses what has not the checksum that the lockfile names. */
function install(folder: string): string {
  for (const file of files) cpSync(join(home, file), join(folder, file));
  return run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { folder });
}
