/** What is published: compiled core and server, without type stripping and without the `source` condition. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { startCoordinator } from '../lib/coordinator.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the compiled coordinator', () => {
  before(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', 'scripts/build.ts'], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `npm run build failed:\n${stdout}${stderr}`);
  });

  it('has what the packages point to, and no tests', () => {
    for (const path of ['core/dist/index.js', 'core/dist/index.d.ts', 'server/dist/cli.js', 'server/dist/main.d.ts']) {
      assert.ok(statSync(join(root, 'packages', path)).size > 0, path);
    }
    assert.ok((statSync(join(root, 'packages/server/dist/cli.js')).mode & 0o111) !== 0, 'cli.js must be executable');
    assert.deepEqual(globSync('packages/*/dist/**/*{.test,testing,contract}*', { cwd: root }), []);
  });

  it('starts, answers, backs up and stops', async (t) => {
    const coordinator = await startCoordinator({ form: 'compiled' });
    t.after(() => coordinator.stop());
    const submitted = await fetch(`${coordinator.url}/api/dtmsvr/submit`, {
      method: 'POST',
      body: JSON.stringify({ gid: 'compiled', trans_type: 'saga', steps: [{ action: '' }], payloads: ['{}'] }),
    });
    assert.equal(submitted.status, 200, await submitted.text());
    assert.match((await coordinator.command('backup')).stdout, /\.db \(/);
    assert.deepEqual(await coordinator.kill('SIGTERM'), { code: 0, signal: null });
  });
});
