/**
 * What the interoperation tests need beside Node: found, or installed where that can be done without asking. Nothing is
 * installed into the system but by apt-get as root.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const commandLimitMs = 300_000;

/** What a test runs, or the sentence that says what to install. */
export type Toolchain<T> = { readonly found: T } | { readonly missing: string };

export interface MariaDbPrograms {
  readonly server: string;
  readonly install: string;
  readonly client: string;
}

/** The programs of MariaDB. As root on Debian they are installed: the bare programs, which start no service. */
export function mariaDb(): Toolchain<MariaDbPrograms> {
  const programs = findMariaDb();
  if (programs !== undefined) return { found: programs };
  const packages = ['mariadb-server-core', 'mariadb-client-core'];
  const failure = installFromDebian('MariaDB', packages);
  const installed = findMariaDb();
  if (installed !== undefined) return { found: installed };
  return {
    missing: `MariaDB is not installed (Debian: apt-get install ${packages.join(' ')}; macOS: brew install mariadb)${failure}`,
  };
}

/**
 * The interpreter of a virtual environment under node_modules/.cache that holds what the requirements name, and nothing
 * else. It is made once for each version of the requirements.
 */
export function python(requirements: string): Toolchain<string> {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(root, 'node_modules', '.cache', 'holdfast', `python-${digest}`);
  const interpreter = join(folder, 'bin', 'python');
  const stamp = join(folder, 'complete');
  if (existsSync(stamp) && existsSync(interpreter)) return { found: interpreter };
  if (find('python3') === undefined) installFromDebian('Python', ['python3', 'python3-venv']);
  if (find('python3') === undefined)
    return { missing: 'Python 3 is not installed (Debian: apt-get install python3-venv)' };

  console.log(`holdfast: installing ${requirements.slice(root.length + 1)} into ${folder.slice(root.length + 1)}`);
  const makeEnvironment = () => run('python3', ['-m', 'venv', '--clear', folder]);
  mkdirSync(folder, { recursive: true });
  let failure = makeEnvironment();
  if (failure !== '' && installFromDebian('Python', ['python3-venv']) === '') failure = makeEnvironment();
  if (failure !== '') {
    rmSync(folder, { recursive: true, force: true });
    return { missing: `python3 -m venv fails (Debian: apt-get install python3-venv)${failure}` };
  }
  failure = run(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  if (failure !== '') return { missing: `pip cannot install ${requirements}${failure}` };
  writeFileSync(stamp, '');
  return { found: interpreter };
}

function findMariaDb(): MariaDbPrograms | undefined {
  const [server, install, client] = ['mariadbd', 'mariadb-install-db', 'mariadb'].map(find);
  if (server === undefined || install === undefined || client === undefined) return undefined;
  return { server, install, client };
}

/** Servers stand in sbin, which is not on everybody's path. */
function find(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** Empty where it went well, else why not. */
function installFromDebian(what: string, packages: readonly string[]): string {
  if (process.getuid?.() !== 0) return '; only root can install it';
  if (find('apt-get') === undefined) return '; there is no apt-get to install it with';
  console.log(`holdfast: installing ${what} (apt-get install ${packages.join(' ')}), this takes about half a minute`);
  const wait = ['-o', 'DPkg::Lock::Timeout=240'];
  // Lists may be old or absent; where they cannot be had, the install says what is wrong.
  run('apt-get', ['update', '--quiet', ...wait]);
  return run('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...wait, ...packages]);
}

/** Empty where it went well, else how it ended and what it said last. */
function run(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: commandLimitMs,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (done.status === 0) return '';
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().split('\n').slice(-5).join('\n');
  return `; ${[command, ...args].join(' ')} ended with ${done.error?.message ?? done.status ?? done.signal}:\n${said}`;
}
