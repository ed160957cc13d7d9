import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSimulator } from './simulator.ts';

test('a seed tells the same story in another process, byte for byte', async () => {
  const [first, second] = await Promise.all([
    runSimulator(['--seed', '7', '--trace']),
    runSimulator(['--seed', '7', '--trace']),
  ]);
  assert.equal(first.code, 0, first.errors);
  assert.ok(first.output.split('\n').length > 200, 'something happened');
  assert.equal(withoutSpeed(second.output), withoutSpeed(first.output));
});

test('a promise that is broken is told with its seed and with how to see it again, byte for byte', async (context) => {
  const { code, output } = await runSimulator(['--seeds', '1..300', '--mutant', 'act-before-decide']);
  assert.equal(code, 1);
  const told = /^seed \d+: P2 .+$/mu.exec(output)?.[0] ?? '';
  assert.notEqual(told, '', output);
  context.diagnostic(told);
  const replay = /^replay: \S+node --conditions=source \S+run\.ts (.+)$/mu.exec(output)?.[1] ?? '';
  assert.match(replay, /--seed \d+/u, output);
  const [first, second] = await Promise.all([runSimulator(replay.split(' ')), runSimulator(replay.split(' '))]);
  assert.equal(first.code, 1);
  assert.equal(second.output, first.output);
  assert.equal(first.output.trim().split('\n').at(-1), told);
  for (const line of output.split('\n').filter((text) => /^\s*\d+\.\d{3} /u.test(text))) {
    assert.ok(first.output.includes(line), `the report told something else: ${line}`);
  }
});

/** The last line says how many worlds a second there were. */
function withoutSpeed(output: string): string {
  return output.trim().split('\n').slice(0, -1).join('\n');
}
