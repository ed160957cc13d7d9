import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announce, cacheFolder, find, installFromDebian, run, type Toolchain } from './install.ts';

/**
 * The interpreter of a virtual environment under node_modules/.cache that holds what the requirements name, and nothing
 * else. It is made once for each version of the requirements.
 */
export function python(requirements: string): Toolchain<string> {
  const folder = cacheFolder('python', [requirements]);
  const interpreter = join(folder, 'bin', 'python');
  const stamp = join(folder, 'complete');
  if (existsSync(stamp) && existsSync(interpreter)) return { found: interpreter };
  if (find('python3') === undefined) installFromDebian('Python', ['python3', 'python3-venv']);
  if (find('python3') === undefined)
    return { missing: 'Python 3 is not installed (Debian: apt-get install python3-venv)' };

  announce('installing the Python SDK', folder);
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
