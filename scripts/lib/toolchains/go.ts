import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { announce, cacheFolder, find, findOrInstall, run, type Toolchain } from './install.ts';

/**
 * The program that a folder of Go sources makes, built once for each version of them. Modules are exactly those of
 * go.sum; they and what was compiled are kept under node_modules/.cache. Any Go from 1.18 on will do.
 */
export function goProgram(folder: string): Toolchain<string> {
  const sources = readdirSync(folder).filter((name) => name.endsWith('.go') || name === 'go.mod' || name === 'go.sum');
  const cache = cacheFolder(
    'go',
    sources.sort().map((name) => join(folder, name)),
  );
  const program = join(cache, 'interop');
  if (existsSync(program)) return { found: program };
  const go = findOrInstall('Go', ['golang-go'], 'others: https://go.dev/dl', () => find('go'));
  if ('missing' in go) return go;

  announce('building the programs of the Go SDK', cache);
  mkdirSync(cache, { recursive: true });
  const environment = {
    GOMODCACHE: cacheFolder('go-modules'),
    GOCACHE: cacheFolder('go-build'),
    // What is read-only could not be removed together with node_modules; and a checkout that is somebody else's cannot be
    // asked for its version.
    GOFLAGS: '-modcacherw -buildvcs=false',
    GOTOOLCHAIN: 'local',
  };
  // Whoever builds it at the same time must not find half a program.
  const unfinished = `${program}-${process.pid}`;
  const failure = run(go.found, ['build', '-o', unfinished, '.'], { folder, environment });
  if (failure !== '') return { missing: `the Go programs in ${folder} cannot be built${failure}` };
  renameSync(unfinished, program);
  return { found: program };
}
