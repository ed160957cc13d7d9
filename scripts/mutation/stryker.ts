import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/part.ts';
import { isCounted, leftOut } from './areas.ts';
import type { Survivor } from './record.ts';

/** What StrykerJS says of a mutant. */
interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly statusReason?: string;
  readonly location: { readonly start: { readonly line: number } };
}

/** StrykerJS has a hundred dependencies: it is installed where and when it is used. */
const home = join(import.meta.dirname, 'stryker');
const library = join(home, 'node_modules', '@stryker-mutator', 'core', 'dist', 'src', 'index.js');
const cache = join(root, 'node_modules', '.cache', 'holdfast', 'mutation');

function installWhatIsMissing(): void {
  if (existsSync(library)) return;
  console.log('holdfast: installing StrykerJS (npm ci), this takes about a quarter of a minute');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: home, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm ci failed: its messages are above');
}

/** The mutants of a file, each met by the tests that reach it. What a cache knows to be the same is not run again. */
export async function mutate(source: string, tests: readonly string[]) {
  installWhatIsMissing();
  mkdirSync(cache, { recursive: true });
  process.chdir(root);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutation-'));
  try {
    const { Stryker } = await import(library);
    const mutants: readonly Mutant[] = await new Stryker({
      testRunner: 'node-test',
      plugins: [join(import.meta.dirname, 'test-runner.ts')],
      nodeTest: { files: tests },
      mutate: [source],
      mutator: { excludedMutations: leftOut },
      coverageAnalysis: 'perTest',
      incremental: true,
      incrementalFile: join(cache, `${source.replaceAll('/', '-')}.json`),
      concurrency: 1,
      timeoutMS: 5000,
      timeoutFactor: 4,
      testRunnerNodeArgs: ['--conditions=source'],
      // The sandbox is a copy: what no test of an area reads stays out of it.
      ignorePatterns: ['docs', 'test', 'examples', 'bench', 'deploy', 'dist', 'scripts/mutation/stryker'],
      disableTypeChecks: false,
      tsconfigFile: 'none',
      tempDirName: folder,
      cleanTempDir: 'always',
      reporters: [],
      logLevel: 'error',
      allowConsoleColors: false,
      warnings: false,
    }).runMutationTest();
    return judge(mutants.filter(isCounted), readFileSync(join(root, source), 'utf8').split('\n'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(mutants: readonly Mutant[], lines: readonly string[]) {
  const broken = mutants.filter(({ status }) => status === 'RuntimeError' || status === 'CompileError');
  if (broken[0] !== undefined) throw new Error(`a mutant could not be tried: ${broken[0].statusReason}`);
  const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const survivors = mutants
    .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
    .map(({ location, mutatorName, replacement }): Survivor => {
      return { line: lines[location.start.line - 1]?.trim() ?? '', mutator: mutatorName, replacement };
    });
  return { killed, survivors };
}
