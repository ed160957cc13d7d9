/** What the README tells people to paste is pasted into a bash, against a real coordinator. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';

const root = join(import.meta.dirname, '..', '..');

interface Block {
  readonly isPasted: boolean;
  readonly text: string;
}

/** What people paste (bash), and what they then see (text). Other blocks are pictures, or need a Docker. */
function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(bash|text)\n(.*?)^```$/gms)].map(([, kind, text = '']) => {
    return { isPasted: kind === 'bash', text };
  });
}

/** A bash that stays, as a terminal does: variables and jobs of one block are there in the next. */
class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = '';
  #pasted = 0;

  constructor(t: TestContext, env: NodeJS.ProcessEnv) {
    this.#child = spawn('bash', ['--norc'], { cwd: root, env, detached: true });
    // With what it started.
    t.after(() => process.kill(-(this.#child.pid ?? 0), 'SIGKILL'));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  /** Resolves once the commands have ended, with a look at all that was printed since. */
  async paste(text: string): Promise<() => string> {
    this.#pasted += 1;
    const end = `\nend of block ${this.#pasted}\n`;
    const from = this.#output.length;
    this.#child.stdin.write(`${text}\nprintf '%s' '${end}'\n`);
    await until(`these commands end:\n${text}`, () => this.#output.includes(end, from));
    return () => this.#output.slice(from);
  }
}

/** The lines that are not seen. Their order is free: services and curl write at the same time. `...` is anything. */
function missingFrom(seen: string, expected: string): string[] {
  const lines = expected.split('\n').filter(Boolean);
  return lines.filter((line) => !new RegExp(line.split('...').map(escaped).join('.*')).test(seen));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

test('whoever pastes the blocks of the README sees what it says', { timeout: 120_000 }, async (t) => {
  const coordinator = await startCoordinator();
  t.after(() => coordinator.stop());
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = new URL(coordinator.url).port;
  const places = new Map([
    ['127.0.0.1:36790', coordinator.grpcAddress],
    ['36789', port],
    ['8081', String(await freePort())],
    ['4711', String(coordinator.pid)],
    ['/tmp/', `${folder}/`],
    // npm would install what is missing.
    ['npm run -s holdfast --', `'${process.execPath}' --conditions=source packages/server/src/cli.ts`],
  ]);
  const there = new RegExp([...places.keys()].join('|'), 'g');
  const here = (text: string) => text.replace(there, (found) => places.get(found) ?? '');
  const terminal = new Terminal(t, { ...cleanEnvironment(), HOLDFAST_HTTP_PORT: port });
  let starts = 0;
  let command = '';
  let seen = () => '';
  for (const { isPasted, text } of blocksOf(readFileSync(join(root, 'README.md'), 'utf8'))) {
    if (text === 'npm start\n') {
      const from = starts === 0 ? 0 : coordinator.logs.length;
      // The first one is up already; the second comes after the kill -9.
      if (starts > 0) assert.equal((await coordinator.ended()).signal, 'SIGKILL');
      if (starts > 0) await coordinator.start();
      starts += 1;
      seen = () => coordinator.logs.slice(from);
    } else if (isPasted) {
      command = here(text);
      seen = await terminal.paste(command);
    } else {
      let missing: string[] = [];
      await until(`after\n${command}\nthis is seen:\n${text}`, async () => {
        missing = missingFrom(seen(), here(text));
        // Whoever looks a moment too early looks again.
        if (missing.length > 0 && text.startsWith('saga ')) seen = await terminal.paste(command);
        return missing.length === 0;
      }).catch((error: unknown) => assert.fail(`${error}\nmissing: ${missing.join('\n')}\nseen: ${seen()}`));
    }
  }
  assert.equal(starts, 2, 'the blocks were found');
});
