import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { cleanEnvironment } from '../../test/lib/coordinator.ts';
import { newPlace, testStore } from '../../test/lib/test-store.ts';

const main = join(import.meta.dirname, 'main.ts');

/** Runs the example as a person does, with its output in a pipe. */
function run(
  settings: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string; error: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=source', main], {
      env: { ...cleanEnvironment(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let error = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      error += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, error }));
  });
}

async function folders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('holdfast-bank-transfer-'));
}

it('the bank transfer example tells its story, conserves money and cleans up', { timeout: 180_000 }, async () => {
  const before = await folders();
  const { kind } = testStore();
  const place = kind === 'sqlite' ? undefined : await newPlace(kind);
  const { code, output, error } = await run(place?.settings ?? {});
  await place?.leave();
  assert.equal(code, 0, `${output}\n${error}`);
  const story = [
    /At first: alice 100, bob 100, carol 0\. Together 200\./,
    /The coordinator says: succeed\./,
    /action alice -40, compensate alice \+40/,
    /Just before: alice 50, bob 130, carol 0, under way 20\. Together 200\./,
    /kill -9 \d+: the coordinator is gone\./,
    /It resumed by itself: South was called again, and all was done, \d+\.\d\d s after the kill\./,
    /kill -9 \d+: South is gone\./,
    /called [2-9] times, paid once/,
    /Tried: 60 of bob are frozen/,
    /nothing stays frozen/,
    /kill -9 \d+: North is gone, after its commit/,
    /did you commit\? Yes/,
    /did you commit\? No\./,
    /At the end: alice 75, bob 125, carol 0\. Together 200\./,
    /Money is conserved: 200 at the start, 200 at the end/,
  ];
  let from = 0;
  for (const line of story) {
    const found = line.exec(output.slice(from));
    assert.ok(found, `in the story, at its place: ${line}\n${output}`);
    from += found.index + found[0].length;
  }
  assert.ok(!output.includes('\u001b'), 'no colours where nobody looks');
  const after = await folders();
  assert.deepEqual(
    after.filter((name) => !before.includes(name)),
    [],
    'the temporary folder must be gone',
  );
});
