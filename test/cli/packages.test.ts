/** What is published: compiled core and server, packed and installed, without type stripping and without the `source` condition. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type NodeVersion, nodeOf } from '../../scripts/lib/toolchains/nodes.ts';
import { bound } from '../lib/bound.ts';
import { cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';
import { mariaDbKind, postgresKind } from '../stores/lib/kinds.ts';

const root = join(import.meta.dirname, '..', '..');
const versions: readonly NodeVersion[] = [20, 22, 24];
/** What the root's own installation has fetched is not fetched again. */
const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];

describe('the packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-packages-'));
  const project = join(folder, 'project');
  const prefix = join(folder, 'everywhere');
  before(() => {
    done(process.execPath, ['--conditions=source', 'scripts/build.ts'], { cwd: root });
    done('npm', ['pack', '--workspace=packages/core', '--workspace=packages/server', `--pack-destination=${folder}`], {
      cwd: root,
    });
    const tarballs = tarballsIn(folder);
    mkdirSync(project);
    done('npm', ['init', '--yes', '--silent'], { cwd: project });
    done('npm', ['install', ...quiet, ...tarballs], { cwd: project });
    done('npm', ['install', ...quiet, '--global', `--prefix=${prefix}`, ...tarballs], { cwd: folder });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('have what they point to, and no tests', () => {
    const at = (path: string) => join(project, 'node_modules', path);
    for (const path of ['@holdfast/core/dist/index.js', '@holdfast/core/dist/index.d.ts', 'holdfast/dist/main.d.ts']) {
      assert.ok(statSync(at(path)).size > 0, path);
    }
    assert.deepEqual(globSync('**/*{.test,testing,contract}*', { cwd: at('holdfast/dist') }), []);
    assert.deepEqual(globSync('**/*{.test,testing,contract}*', { cwd: at('@holdfast/core/dist') }), []);
  });

  it('start, answer, back up and stop', async (t) => {
    const coordinator = await startCoordinator({ form: 'compiled' });
    t.after(() => coordinator.stop());
    await submit(coordinator.url);
    assert.match((await coordinator.command('backup')).stdout, /\.db \(/);
    assert.deepEqual(await coordinator.kill('SIGTERM'), { code: 0, signal: null });
  });

  for (const version of versions) {
    const node = nodeOf(version);
    const skip = 'missing' in node && node.missing;

    it(`npx holdfast serves in a folder of its own under Node ${version}`, { skip }, async (t) => {
      if ('missing' in node) return;
      const env = pathOf(t, node.found);
      // npm takes its own time to start, and not every npm runs under every Node: this is what it runs.
      await serves(join(project, 'node_modules', '.bin', 'holdfast'), env, t);
    });

    it(`holdfast, installed for everybody, serves under Node ${version}`, { skip }, async (t) => {
      if ('missing' in node) return;
      await serves(join(prefix, 'bin', 'holdfast'), pathOf(t, node.found), t);
    });
  }

  for (const kind of [postgresKind(), mariaDbKind()]) {
    it(`holdfast, installed for everybody, serves on ${kind.name}`, { skip: kind.missing ?? false }, async (t) => {
      const fixture = await kind.start();
      t.after(() => fixture.stop());
      await serves(join(prefix, 'bin', 'holdfast'), { ...cleanEnvironment(), HOLDFAST_STORE_URL: fixture.url }, t);
    });
  }

  it('npx holdfast is that command, and a signal to npm stops the coordinator', async (t) => {
    await serves('npx', cleanEnvironment(), t, ['--no-install', 'holdfast']);
  });

  it('without a Node that can run it, the command says how to get one', (t) => {
    const node = nodeOf(20);
    if ('missing' in node) return t.skip(node.missing);
    const alone = join(folder, 'alone');
    done('npm', ['install', ...quiet, '--omit=optional', `--prefix=${alone}`, ...tarballsIn(folder)], { cwd: folder });
    const cli = join(alone, 'node_modules', '.bin', 'holdfast');
    const { status, stderr } = spawnSync(cli, ['--version'], { env: pathOf(t, node.found), encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^holdfast: needs Node 24 or later; this is v20\.[\s\S]*npm install node-\w+-\w+@24\n$/);
  });

  /** Starts, does a saga and stops as a user would, in an empty folder. */
  async function serves(command: string, env: NodeJS.ProcessEnv, t: TestContext, args: readonly string[] = []) {
    const cwd = mkdtempSync(join(folder, 'empty-'));
    if (command === 'npx') symlinkSync(join(project, 'node_modules'), join(cwd, 'node_modules'));
    const port = await freePort();
    const words = [...args, 'serve', '--http-port', String(port), '--grpc-port', '0'];
    const child = spawn(...bound(command, words), { cwd, env });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const closed = once(child, 'close');
    await until('it is ready', () => {
      assert.equal(child.exitCode, null, output);
      return output.includes('ready after');
    });
    await submit(`http://127.0.0.1:${port}`);
    child.kill('SIGTERM');
    await closed;
    assert.match(output, /holdfast: stopped/);
  }
});

async function submit(url: string): Promise<void> {
  const submitted = await fetch(`${url}/api/dtmsvr/submit`, {
    method: 'POST',
    body: JSON.stringify({ gid: 'packed', trans_type: 'saga', steps: [{ action: '' }], payloads: ['{}'] }),
  });
  assert.equal(submitted.status, 200, await submitted.text());
}

const tarballsIn = (folder: string) => globSync('*.tgz', { cwd: folder }).map((name) => join(folder, name));

/** A path on which this program is `node`. */
function pathOf(t: TestContext, node: string): NodeJS.ProcessEnv {
  const bin = mkdtempSync(join(tmpdir(), 'holdfast-node-'));
  t.after(() => rmSync(bin, { recursive: true }));
  symlinkSync(node, join(bin, 'node'));
  return { ...cleanEnvironment(), PATH: `${bin}${delimiter}${process.env['PATH']}` };
}

function done(command: string, args: readonly string[], { cwd }: { cwd: string }): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}
