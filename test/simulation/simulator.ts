import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bound } from '../lib/bound.ts';

const runner = fileURLToPath(new URL('../../packages/simulator/src/run.ts', import.meta.url));

/** How a run of the simulator ended: it kept all promises, or broke one. */
export type Ended =
  | { readonly kind: 'kept'; readonly statistics: Readonly<Record<string, number>> }
  | { readonly kind: 'broken'; readonly seed: number; readonly promise: string; readonly message: string };

/** What a run of the simulator printed. */
export interface Printed {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the simulator in a process of its own. */
export function runSimulator(options: readonly string[]): Promise<Printed> {
  const child = spawn(...bound(process.execPath, ['--conditions=source', runner, ...options]), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}

/** Runs the simulator and says how it ended. @throws Error where it could not do what was asked */
export async function simulate(options: readonly string[]): Promise<Ended> {
  const { code, output, errors } = await runSimulator(['--json', ...options]);
  const last: Partial<Record<string, never>> = code === 0 || code === 1 ? parsed(output) : {};
  const { statistics, seed, promise, message } = last;
  if (code === 0 && statistics !== undefined) return { kind: 'kept', statistics };
  if (seed !== undefined && promise !== undefined && message !== undefined) {
    return { kind: 'broken', seed, promise, message };
  }
  throw new Error(`simulator ${options.join(' ')} ended with ${code}\n${output}\n${errors}`);
}

/** The last line; nothing where it is no JSON. */
function parsed(output: string): Partial<Record<string, never>> {
  const last = output.trim().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? JSON.parse(last) : {};
}

/** How to see what happened. */
export function replayOf(seed: number): string {
  return `node_modules/.bin/node --conditions=source packages/simulator/src/run.ts --seed ${seed}`;
}
