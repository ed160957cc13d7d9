import { spawnSync } from 'node:child_process';
import { goProgram } from '../../../../scripts/lib/toolchains/go.ts';
import { type Reading, refused } from './node.ts';

interface Given {
  readonly version: string;
  readonly readings: readonly ({ readonly status: number; readonly body: string } | null)[];
}

/** What the client of Go's net/http reads of each of them; see main.go. */
export function readByGo(answers: readonly string[]): { readonly version: string; readonly readings: Reading[] } {
  const program = goProgram(import.meta.dirname);
  if ('missing' in program) throw new Error(program.missing);
  const input = JSON.stringify(answers.map((answer) => Buffer.from(answer, 'latin1').toString('base64')));
  const { status, stdout, stderr } = spawnSync(program.found, { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`the Go program ended with ${status}: ${stderr}`);
  const { version, readings }: Given = JSON.parse(stdout);
  return { version, readings: readings.map(textOf) };
}

function textOf(reading: Given['readings'][number]): Reading {
  if (reading === null) return refused;
  return `${reading.status} ${Buffer.from(reading.body, 'base64').toString('latin1')}`;
}
