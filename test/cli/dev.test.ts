/** `holdfast dev` as a process: what it refuses, and what it leaves behind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

function run(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  const cli = new URL('../../packages/server/src/cli.ts', import.meta.url).pathname;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--conditions=source', cli, ...args],
      { env: { ...cleanEnvironment(), ...settings }, timeout: 20_000 },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

test('off loopback it is refused, with what is allowed', async () => {
  const { code, output } = await run(['dev', '--http-host', '0.0.0.0', '--http-port', '0']);
  assert.equal(code, 2, output);
  assert.match(output, /--http-host: http\.host: holdfast dev is served on loopback only/);
});

test('a database is refused, with what to do', async () => {
  const settings = { HOLDFAST_STORE_URL: 'postgres://app:secret@127.0.0.1:1/app', HOLDFAST_HTTP_PORT: '0' };
  const { code, output } = await run(['dev'], settings);
  assert.equal(code, 2, output);
  assert.match(
    output,
    /HOLDFAST_STORE_URL: store\.url: holdfast dev .* leave store\.url empty, or start holdfast serve/,
  );
  assert.doesNotMatch(output, /secret/);
});

test('there is no other clock', async () => {
  const { code, output } = await run(['dev', '--clock', 'real']);
  assert.equal(code, 2, output);
  assert.match(output, /Allowed choices are manual/);
});

test('without a data folder it has one of its own, which is removed at the end', async (t) => {
  const temporary = await startCoordinator({
    command: 'dev',
    settings: { HOLDFAST_DATA_DIR: '', HOLDFAST_SHUTDOWN_DRAIN_MS: '0' },
  });
  t.after(() => temporary.stop());
  const folder = /^ {2}store +sqlite in (.*)$/m.exec(temporary.logs)?.[1] ?? '';
  assert.match(folder, /holdfast-dev-/);
  await until('it says what its clock shows', () => /^ {2}clock +manual, at \d{4}-/m.test(temporary.logs));
  assert.ok(existsSync(folder));
  assert.equal((await temporary.kill('SIGTERM')).code, 0);
  assert.ok(!existsSync(folder));
});

test('holdfast serve has none of it', async (t) => {
  const serving = await startCoordinator();
  t.after(() => serving.stop());
  for (const route of ['clock', 'settle', 'drive', 'faults']) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await fetch(`${serving.url}/api/dev/${route}`, { method });
      await response.body?.cancel();
      assert.equal(response.status, 404, `${method} ${route}`);
    }
  }
});
