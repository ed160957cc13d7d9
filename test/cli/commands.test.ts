/** The command line without a coordinator: help, mistakes, exit codes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanEnvironment } from '../lib/coordinator.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'packages', 'server', 'src', 'cli.ts');

function holdfast(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', cli, ...args], {
    env: { ...cleanEnvironment(), ...settings },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('--version prints the version of the package', () => {
  for (const flag of ['--version', '-v']) {
    const { status, stdout } = holdfast([flag]);
    assert.equal(status, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  }
});

test('--help names the commands and gives examples; serve --help names the flags with their defaults', () => {
  const help = holdfast(['--help']);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /serve .*start the coordinator[\s\S]*backup [\s\S]*holdfast serve -c holdfast\.yaml/);
  const { status, stdout } = holdfast(['serve', '--help']);
  assert.equal(status, 0);
  assert.match(stdout, /-c, --config <file>[\s\S]*--http-port <number> .*default 36789/);
});

test('mistakes in settings end with 2, all of them on stderr, and nothing is started', () => {
  const { status, stdout, stderr } = holdfast(['serve', '--http-port', '70000'], { HOLDFAST_HTTP_PROT: '1' });
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /2 settings are not valid/);
  assert.match(stderr, /HOLDFAST_HTTP_PROT: is not known; did you mean HOLDFAST_HTTP_PORT\?/);
  assert.match(stderr, /--http-port: http\.port: 70000 is not allowed; allowed is a whole number from 0 to 65535/);
});

test('a missing settings file ends with 2 and names it', () => {
  const { status, stderr } = holdfast(['serve', '-c', 'no-such-file.yaml']);
  assert.equal(status, 2);
  assert.match(stderr, /no-such-file\.yaml: cannot be read \(ENOENT/);
});

test('unknown flags and commands end with 2 and a guess', () => {
  const flag = holdfast(['serve', '--http-prot', '1']);
  assert.equal(flag.status, 2);
  assert.match(flag.stderr, /^holdfast: unknown option '--http-prot'\n\(Did you mean --http-port\?\)/);
  const command = holdfast(['sreve']);
  assert.equal(command.status, 2);
  assert.match(command.stderr, /Did you mean serve\?/);
  assert.equal(holdfast([]).status, 2);
});

test('backup without a coordinator says what to do', () => {
  const { status, stdout, stderr } = holdfast(['backup', '--http-port', '1']);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^holdfast: no coordinator answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)/);
  assert.match(stderr, /Start it with holdfast serve, or say where it listens with --http-host and --http-port/);
});

test('a data file that is none is said to be so, not to be unwritable', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'holdfast.db'), 'these are not the pages of a database'.repeat(200));
  const { status, stderr } = holdfast(['serve', '--http-port', '0', '--grpc-port', '0', '--data-dir', folder]);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /damaged or no database \(file is not a database\): keep a copy of the folder and put back a backup/,
  );
});

const onLinux = { skip: process.platform !== 'linux' };

test('a data folder that cannot be made is said so, also where the system denies its parent', onLinux, () => {
  const { status, stderr } = holdfast([
    'serve',
    '--http-port',
    '0',
    '--grpc-port',
    '0',
    '--data-dir',
    '/proc/holdfast',
  ]);
  assert.equal(status, 1);
  assert.match(stderr, /\/proc\/holdfast.*ENOENT[\s\S]*--data-dir or HOLDFAST_DATA_DIR names another folder/);
});
