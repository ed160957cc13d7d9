import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { confirm } from './confirm.ts';

const terminal = () => ({
  input: Object.assign(new PassThrough(), { isTTY: true }),
  output: Object.assign(new PassThrough(), { isTTY: true }),
});

async function answered(keys: string): Promise<string> {
  const { input, output } = terminal();
  const asked = confirm('Is it safe?', { input, output });
  input.write(keys);
  return await asked.then(
    () => 'confirmed',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

test('only a yes is a yes; leaving is a no, without a word of the machine', async () => {
  assert.deepEqual([await answered('y\r'), await answered('YES\r')], ['confirmed', 'confirmed']);
  const refused = 'CommandError: not confirmed: nothing was changed';
  const ctrlC = '\u0003';
  const ctrlD = '\u0004';
  for (const keys of ['\r', 'n\r', 'yesterday\r', ctrlC, ctrlD]) assert.equal(await answered(keys), refused);
});

test('where nobody can be asked it says how to confirm', async () => {
  const { input } = terminal();
  await assert.rejects(
    confirm('Is it safe?', { input, output: new PassThrough() }),
    /^CommandError: Is it safe\?[\s\S]*--yes/,
  );
});
