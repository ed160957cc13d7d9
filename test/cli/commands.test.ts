/** The command line without a coordinator: help, mistakes, exit codes. */
import assert from 'node:assert/strict';
import { type StdioOptions, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from 'holdfast/config/load';
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

test('--version, -v and version print the version of the package', () => {
  for (const word of ['--version', '-v', 'version']) {
    const { status, stdout } = holdfast([word]);
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

test('a word that is no command of topics or clock is said to be none, with those that there are', () => {
  for (const group of ['topics', 'clock']) {
    const { status, stderr } = holdfast([group, 'nonsense']);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`unknown command '${group} nonsense'. The commands of ${group} are \\w+, `));
  }
});

test('check of what is neither file nor folder ends with 2, and waits for nobody', () => {
  const { status, stderr } = holdfast(['check', '/dev/null']);
  assert.equal(status, 2);
  assert.match(stderr, /\/dev\/null is neither a file nor a folder/);
});

test('help prints what --help does, of each command; of an unknown one it ends with 2', () => {
  for (const [words, same] of [
    [['help'], ['--help']],
    [
      ['help', 'list'],
      ['list', '--help'],
    ],
    [
      ['help', 'topics', 'subscribe'],
      ['topics', 'subscribe', '--help'],
    ],
  ] as const) {
    const { status, stdout } = holdfast(words);
    assert.deepEqual([status, stdout], [0, holdfast(same).stdout]);
  }
  const unknown = holdfast(['help', 'sreve']);
  assert.deepEqual([unknown.status, unknown.stdout], [2, '']);
  assert.match(unknown.stderr, /^holdfast: unknown command 'sreve'/);
});

test('each command that --help lists is on the page of the command line', () => {
  const page = readFileSync(join(root, 'docs', 'command-line.md'), 'utf8');
  const listed = holdfast(['--help']).stdout.split('Commands:\n')[1]?.split('\n\n')[0] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  assert.ok(names.length >= 12, listed);
  for (const name of names) assert.match(page, new RegExp(`^\\| .*\`${name}\\b.* \\|`, 'm'), name);
});

test('the help of a command tells what its flags mean there', () => {
  assert.match(holdfast(['dev', '--help']).stdout, /--data-dir <value> [^-]*\(default: a temporary\s+folder/);
  const { stdout } = holdfast(['show', '--help']);
  assert.match(stdout, /--http-host <value> +the address of the running coordinator/);
  assert.match(stdout, /--timeout <seconds> +how long to wait/);
  assert.doesNotMatch(stdout, /listens/);
});

const onLinux = { skip: process.platform !== 'linux' };

test('output that cannot be written ends with 1 and a text', onLinux, () => {
  for (const command of ['config', '--help', 'version']) {
    const { status, stderr } = toFullDisk(command);
    assert.equal(status, 1, command);
    assert.match(stderr, /^holdfast: the output cannot be written \(ENOSPC/);
  }
});

function toFullDisk(command: string) {
  const full = openSync('/dev/full', 'w');
  try {
    const args = ['--conditions=source', cli, command];
    const stdio: StdioOptions = ['ignore', full, 'pipe'];
    return spawnSync(process.execPath, args, { env: cleanEnvironment(), encoding: 'utf8', stdio });
  } finally {
    closeSync(full);
  }
}

test('config prints a file that -c takes, with all that was set, but secrets', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const given = {
    HOLDFAST_DATA_DIR: 'a "folder": with # signs',
    HOLDFAST_GRPC_TLS_CERT_FILE: '/certificate.pem',
    HOLDFAST_GRPC_TLS_KEY_FILE: '/key.pem',
    HOLDFAST_NAMES: 'orders=http://10.0.0.1:8080,http://10.0.0.2:8080 stock=10.0.0.3:9000',
    HOLDFAST_ALERT_WEBHOOK_URL: 'http://user:password@127.0.0.1/hook',
  };
  const printed = holdfast(['config', '--http-port', '8080'], given);
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stdout, /^http:\n {2}host: "127\.0\.0\.1" +# default\n {2}port: 8080 +# --http-port$/m);
  assert.match(printed.stdout, /^ {2}# webhookUrl: \(set, not shown\) +# HOLDFAST_ALERT_WEBHOOK_URL$/m);
  assert.doesNotMatch(printed.stdout, /password/);
  const file = join(folder, 'holdfast.yaml');
  writeFileSync(file, printed.stdout);
  const secret = { alert: { webhookUrl: given.HOLDFAST_ALERT_WEBHOOK_URL } };
  const { alert, ...rest } = loadSettings({ environment: given, flags: { 'http.port': '8080' } });
  const { alert: read, ...again } = loadSettings({ file });
  assert.deepEqual(again, rest);
  assert.deepEqual({ ...read, ...secret.alert }, { ...alert });
});

test('wrong words of a command end with 2 and name the right ones; nothing is asked', () => {
  for (const [args, told] of [
    [['list', '--type', 'sags'], /--type must be saga, msg \(or message\), tcc, xa or workflow, not 'sags'/],
    [['list', '--status', 'done'], /--status must be one of prepared, submitted, aborting, succeed, failed/],
    [['list', '--limit', '0'], /--limit must be a whole number from 1/],
    [['show', 'a', '--timeout', '0'], /--timeout must be a number of seconds above 0/],
    [['show'], /missing required argument 'gid'/],
    [['topics', 'remove'], /too many arguments|unknown command/],
  ] as const) {
    const { status, stderr } = holdfast([...args, '--http-port', '1']);
    assert.equal(status, 2, stderr);
    assert.match(stderr, told);
  }
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
    /damaged or is not a database \(file is not a database\): copy the folder, then restore a backup/,
  );
});

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
  assert.match(stderr, /\/proc\/holdfast.*ENOENT[\s\S]*To use another folder, set --data-dir or HOLDFAST_DATA_DIR/);
});
