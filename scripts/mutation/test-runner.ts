/**
 * A test runner of StrykerJS for `node:test`, in its own process: the files are loaded once, and their tests are run for
 * one mutant after another, each as a function. Starting Node for each mutant would take twenty times as long.
 */
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type KeptTest, testsIn } from './node-test.ts';

/** What StrykerJS shares with the code in which it has put its mutants. */
interface Switchboard {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: unknown;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}

interface MutantRun {
  readonly activeMutant: { readonly id: string };
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  readonly mutantActivation: 'runtime' | 'static';
}

const switchboard: Switchboard = {};
Object.assign(globalThis, { __stryker__: switchboard });

const shim = new URL('./node-test.ts', import.meta.url).href;
const root = new URL('../../', import.meta.url).href;
const generation = /\?generation=\d+$/u;

interface Options {
  readonly mutate: readonly string[];
  readonly nodeTest: { readonly files: readonly string[] };
}

/** A test file. Loading it counts as a test of its own: what it makes for its tests to use may be what a mutant breaks. */
interface LoadedFile {
  readonly loading: string;
  readonly url: string;
  readonly tests: readonly KeptTest[];
}

class NodeTestRunner {
  static readonly inject = ['options'] as const;
  readonly #options: Options;
  readonly #sandbox = `${pathToFileURL(process.cwd()).href}/`;
  #files: readonly LoadedFile[] | undefined;
  #generation = 0;
  #onStray: ((error: unknown) => void) | undefined;

  constructor(options: Options) {
    this.#options = options;
    const stray = (error: unknown) => this.#onStray?.(error);
    process.on('uncaughtException', stray);
    process.on('unhandledRejection', stray);
  }

  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: false };
  }

  async init(): Promise<void> {
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === 'node:test') return { url: shim, shortCircuit: true };
        const resolved = next(specifier, context);
        // Packages of ours are found beside the sandbox, through node_modules.
        const url = resolved.url.replace(`${root}packages/`, `${this.#sandbox}packages/`);
        const asked = url.includes('/testing/') ? generation.exec(context.parentURL ?? '')?.[0] : undefined;
        return { ...resolved, url: `${url}${asked ?? ''}` };
      },
    });
  }

  async dryRun(): Promise<unknown> {
    const results: unknown[] = [];
    for (const { loading, url, tests } of await this.#load()) {
      results.push({ id: loading, name: loading, fileName: fileURLToPath(url), timeSpentMs: 1, status: 0 });
      for (const { id, name, file, body } of tests) {
        switchboard.currentTestId = id;
        const startedMs = performance.now();
        const failure = await this.#failureOf(name, body);
        const timeSpentMs = performance.now() - startedMs;
        switchboard.currentTestId = undefined;
        const outcome = failure === undefined ? { status: 0 } : { status: 1, failureMessage: failure };
        results.push({ id, name, fileName: file, timeSpentMs, ...outcome });
      }
    }
    return { status: 'complete', tests: results, mutantCoverage: switchboard.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }: MutantRun): Promise<unknown> {
    if (mutantActivation === 'runtime') await this.#load();
    switchboard.hitCount = hitLimit === undefined ? undefined : 0;
    switchboard.hitLimit = hitLimit;
    switchboard.activeMutant = activeMutant.id;
    try {
      return await this.#judge(testFilter);
    } finally {
      switchboard.activeMutant = undefined;
    }
  }

  async #judge(testFilter: readonly string[] | undefined): Promise<unknown> {
    const isAsked = (id: string) => testFilter === undefined || testFilter.includes(id);
    let nrOfTests = 0;
    let running = 'loading';
    try {
      for (const file of await this.#load()) {
        running = file.loading;
        const again = testFilter !== undefined && isAsked(file.loading);
        const tests = again ? (await this.#loadFile(file.url)).tests : file.tests;
        for (const { id, name, body } of tests) {
          if (!again && !isAsked(id)) continue;
          running = id;
          nrOfTests += 1;
          const failureMessage = await this.#failureOf(name, body);
          if (hitLimitIsReached()) return { status: 'timeout', reason: 'the mutant goes round for ever' };
          if (failureMessage !== undefined) return { status: 'killed', killedBy: [id], failureMessage, nrOfTests };
        }
      }
    } catch (error) {
      return { status: 'killed', killedBy: [running], failureMessage: String(error), nrOfTests };
    }
    return { status: 'survived', nrOfTests };
  }

  /** The mutated modules come first, outside of every test: what runs then, runs once. */
  async #load(): Promise<readonly LoadedFile[]> {
    if (this.#files !== undefined) return this.#files;
    for (const file of this.#options.mutate) await import(`${this.#sandbox}${file}`);
    const files: LoadedFile[] = [];
    for (const file of this.#options.nodeTest.files) {
      switchboard.currentTestId = `${file}: loading`;
      files.push(await this.#loadFile(`${this.#sandbox}${file}`));
    }
    switchboard.currentTestId = undefined;
    this.#files = files;
    return files;
  }

  async #loadFile(url: string): Promise<LoadedFile> {
    this.#generation += 1;
    const tests = await testsIn(url, `?generation=${this.#generation}`);
    return { loading: `${url.slice(this.#sandbox.length)}: loading`, url, tests };
  }

  /** Why a test failed; an error that nobody waited for counts as well, and a test that hangs. */
  async #failureOf(name: string, body: KeptTest['body']): Promise<string | undefined> {
    const { promise: strayed, reject } = Promise.withResolvers<never>();
    this.#onStray = reject;
    strayed.catch(() => 'is told by the race below');
    const watch = onIdle(() => reject(new Error('it waits for what does not come')));
    try {
      await Promise.race([(async () => body({ name, diagnostic: () => {} }))(), strayed]);
      return undefined;
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    } finally {
      clearInterval(watch);
      this.#onStray = undefined;
    }
  }
}

/** These tests wait for no clock and no disk: where the event loop has had nothing to do, nothing is going to happen. */
function onIdle(action: () => void): NodeJS.Timeout {
  let before = performance.eventLoopUtilization();
  let idleLooks = 0;
  return setInterval(() => {
    const now = performance.eventLoopUtilization();
    idleLooks = performance.eventLoopUtilization(now, before).active < 1 ? idleLooks + 1 : 0;
    before = now;
    if (idleLooks === 5) action();
  }, 50);
}

function hitLimitIsReached(): boolean {
  return (switchboard.hitCount ?? 0) > (switchboard.hitLimit ?? Number.POSITIVE_INFINITY);
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'node-test', injectableClass: NodeTestRunner }];
