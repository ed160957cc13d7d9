import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { recordOf } from './numbered.ts';
import type { Progress } from './run-tests.ts';
import type { Ended } from './verdict.ts';

export const root = join(import.meta.dirname, '..', '..');
const runner = join(import.meta.dirname, 'run-tests.ts');
const progressEverySeconds = 60;

/** What a part needs beside its command. */
interface PartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly onProgress?: (progress: Progress) => void;
}

/** Runs a command; what it prints is shown when it has ended, so that parallel ones do not mix. */
export function run(
  name: string,
  command: string,
  args: readonly string[],
  { env = {}, onProgress }: PartOptions = {},
): Promise<Ended> {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(1);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      // Colours would hide the counts. With the cache, types are stripped once, not by each of some hundred processes.
      env: { ...process.env, ...env, FORCE_COLOR: '0', NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled') },
      stdio: ['ignore', 'pipe', 'pipe', ...(onProgress === undefined ? [] : (['ipc'] as const))],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('message', (progress: Progress) => onProgress?.(progress));
    child.on('error', (error) => {
      output += String(error);
    });
    child.on('close', (code) => {
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds()} s)`);
      resolve({ name, code: code ?? 1, output });
    });
  });
}

/** The test files of the patterns, named from the root of the project. */
export function testFiles(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] })).sort();
}

/** A run of test files, and how many seconds each of them took. */
export interface EndedTests extends Ended {
  readonly seconds: Readonly<Record<string, number>>;
}

/** Runs test files, some at a time; what takes minutes says how far it is. */
export async function runTests(
  name: string,
  limitSeconds: number,
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<EndedTests> {
  if (files.length === 0) return { name, code: 0, output: '', files: 0, seconds: {} };
  let seen: Progress = { done: 0, of: files.length, busyCores: 0, seconds: {} };
  const startedMs = performance.now();
  const telling = setInterval(() => {
    const minutes = Math.round((performance.now() - startedMs) / 60_000);
    console.log(
      `       ${name}: ${seen.done} of ${seen.of} files, ${minutes} min, ${seen.busyCores.toFixed(1)} cores had work`,
    );
  }, progressEverySeconds * 1000);
  const onProgress = (progress: Progress) => {
    seen = progress;
  };
  const args = ['--conditions=source', runner, String(limitSeconds), recordOf(name), ...files];
  const ended = await run(name, process.execPath, args, { env, onProgress });
  clearInterval(telling);
  return { ...ended, files: files.length, seconds: seen.seconds };
}
