import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SettingsError } from './error.ts';
import { loadSettings, loadSettingsWithOrigins, type SettingSources } from './load.ts';
import { settings } from './schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function yaml(content: string): string {
  files += 1;
  const file = join(folder, `${files}.yaml`);
  writeFileSync(file, content);
  return file;
}

/** The problems as lines; the file's name is left out. */
function problemsOf(sources: SettingSources): string[] {
  try {
    loadSettings(sources);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.problems.map(({ origin, name, text }) =>
      [origin.replace(sources.file ?? '\0', 'file'), name, text].filter(Boolean).join(': '),
    );
  }
  return [];
}

const inFile = (content: string) => problemsOf({ file: yaml(content) });

test('defaults are those of dtm where dtm has them', () => {
  const loaded = loadSettings();
  assert.equal(loaded.http.host, '127.0.0.1');
  assert.equal(loaded.http.port, 36789);
  assert.equal(loaded.grpc.port, 36790);
  assert.equal(loaded.dataDir, './data');
  assert.equal(loaded.store.driver, 'sqlite');
  assert.equal(loaded.retryIntervalMs, 10_000);
  assert.equal(loaded.requestTimeoutMs, 3000);
  assert.equal(loaded.timeoutToFailMs, 35_000);
  assert.equal(loaded.backoffCapMs, 600_000);
  assert.equal(loaded.retentionMs, 7 * 24 * 3600 * 1000);
});

test('file, then environment, then flags: the later wins, one by one', () => {
  const file = yaml('http: { host: 10.0.0.1, port: 1 }\nlog:\n  level: debug\ndataDir: /file\nretryIntervalMs: 2000\n');
  const environment = { HOLDFAST_HTTP_PORT: '2', HOLDFAST_DATA_DIR: '/environment', PATH: '/bin' };
  const loaded = loadSettings({ file, environment, flags: { dataDir: '/flag' } });
  assert.deepEqual(loaded.http.host, '10.0.0.1');
  assert.equal(loaded.http.port, 2);
  assert.equal(loaded.dataDir, '/flag');
  assert.equal(loaded.log.level, 'debug');
  assert.equal(loaded.retryIntervalMs, 2000);
  assert.equal(loaded.requestTimeoutMs, 3000);
});

test('every setting is taken from each source under its own name', () => {
  for (const { path, variable, setting } of settings) {
    if (setting.kind === 'names') continue;
    const value = setting.kind === 'number' ? setting.from : setting.default || 'http://127.0.0.1';
    const environment = { [variable]: String(value) };
    for (const sources of [
      { environment },
      { flags: { [path]: String(value) } },
      { file: yaml(nested(path, value)) },
    ]) {
      const complaints = problemsOf(sources).filter((line) => !line.includes('must'));
      assert.deepEqual(complaints, [], `${path} from ${JSON.stringify(sources)}`);
    }
  }
});

function nested(path: string, value: string | number): string {
  return path
    .split('.')
    .map((name, depth, { length }) => `${'  '.repeat(depth)}${name}:${depth === length - 1 ? ` ${value}` : ''}`)
    .join('\n');
}

test('the result is frozen throughout', () => {
  const loaded = loadSettings();
  assert.ok(Object.isFrozen(loaded) && Object.isFrozen(loaded.http) && Object.isFrozen(loaded.journal));
});

test('an unknown setting is named with file, line and the nearest known name', () => {
  assert.deepEqual(inFile('log:\n  level: info\nhttp:\n  prot: 1\n'), [
    'file:4: http.prot: is not a setting; did you mean http.port?',
  ]);
  assert.deepEqual(inFile('httpPort: 1\n'), ['file:1: httpPort: is not a setting; did you mean http.port?']);
  assert.deepEqual(inFile('retryInterval: 10\n'), [
    'file:1: retryInterval: is not a setting; did you mean retryIntervalMs?',
  ]);
  assert.deepEqual(inFile('port: 1\n'), ['file:1: port: is not a setting; did you mean http.port?']);
  assert.deepEqual(inFile('http.port: 1\n'), [
    'file:1: http.port: is written in two lines: http:, and indented below it port:',
  ]);
  assert.deepEqual(inFile('somethingElse: 1\n'), ['file:1: somethingElse: is not a setting']);
  assert.deepEqual(inFile('__proto__: { polluted: 1 }\nconstructor: 1\n').length, 2);
});

test('an unknown variable stops the start, too', () => {
  assert.deepEqual(problemsOf({ environment: { HOLDFAST_HTTP_PROT: '1', HOLDFAST_RETRY_INTERVAL: '10' } }), [
    'HOLDFAST_HTTP_PROT: is not known; did you mean HOLDFAST_HTTP_PORT?',
    'HOLDFAST_RETRY_INTERVAL: is not known; did you mean HOLDFAST_RETRY_INTERVAL_MS?',
  ]);
});

test('an empty variable counts as not given', () => {
  assert.equal(loadSettings({ environment: { HOLDFAST_HTTP_PORT: '', HOLDFAST_NOTHING: '' } }).http.port, 36789);
});

/** What Kubernetes gives every pod for a service with one port. */
function serviceLinks(service: string): Record<string, string> {
  return {
    [`${service}_SERVICE_HOST`]: '10.1.2.3',
    [`${service}_SERVICE_PORT`]: '36789',
    [`${service}_SERVICE_PORT_WEB`]: '36789',
    [`${service}_PORT`]: 'tcp://10.1.2.3:36789',
    [`${service}_PORT_36789_TCP`]: 'tcp://10.1.2.3:36789',
    [`${service}_PORT_36789_TCP_PROTO`]: 'tcp',
    [`${service}_PORT_36789_TCP_PORT`]: '36789',
    [`${service}_PORT_36789_TCP_ADDR`]: '10.1.2.3',
  };
}

test('the addresses that Kubernetes puts into pods are no settings, whatever the service is called', () => {
  for (const service of ['HOLDFAST', 'HOLDFAST_SERVER', 'HOLDFAST_2', 'HOLDFAST_SERVICE']) {
    const { loaded, notes, origins } = loadSettingsWithOrigins({ environment: serviceLinks(service) });
    assert.deepEqual([loaded.http.port, notes, origins.size], [36789, [], 0], service);
  }
});

test('where such an address has the name of a setting it is ignored with a note, and a number still counts', () => {
  for (const [service, variable, path] of [
    ['HOLDFAST_HTTP', 'HOLDFAST_HTTP_PORT', 'http.port'],
    ['HOLDFAST_GRPC', 'HOLDFAST_GRPC_PORT', 'grpc.port'],
  ] as const) {
    const environment = serviceLinks(service);
    const { notes, origins } = loadSettingsWithOrigins({ environment });
    assert.deepEqual(
      notes.map(({ origin, name }) => [origin, name]),
      [[variable, path]],
    );
    assert.match(notes[0]?.text ?? '', /Kubernetes.*ignored.*enableServiceLinks: false/);
    assert.equal(origins.size, 0);
    const given = loadSettingsWithOrigins({ environment: { ...environment, [variable]: '8080' } });
    assert.deepEqual([given.origins.get(path), given.notes], [variable, []]);
    assert.deepEqual(problemsOf({ environment: { [variable]: 'http://10.1.2.3' } }).length, 1, 'only such addresses');
  }
});

test('a variable that Kubernetes may have put there is refused with what to do', () => {
  const advice = '. If Kubernetes put it there for a service, set enableServiceLinks: false in the pod’s spec';
  for (const variable of ['HOLDFAST_PORT', 'HOLDFAST_SERVICE_HOST', 'HOLDFAST_SERVER_SERVICE_PORT_WEB']) {
    const [problem = ''] = problemsOf({ environment: { [variable]: '8080' } });
    assert.ok(problem.startsWith(`${variable}: is not known`) && problem.endsWith(advice), problem);
  }
  const [inPod = ''] = problemsOf({ environment: { HOLDFAST_X: '1', KUBERNETES_SERVICE_HOST: '10.0.0.1' } });
  assert.equal(inPod, `HOLDFAST_X: is not known${advice}`);
  assert.deepEqual(problemsOf({ environment: { HOLDFAST_X: '1' } }), ['HOLDFAST_X: is not known']);
});

test('a value of the wrong kind or out of range says what is allowed', () => {
  assert.deepEqual(inFile('http:\n  port: "80"\n'), [
    'file:2: http.port: "80" is not allowed; allowed is a whole number from 0 to 65535',
  ]);
  assert.deepEqual(inFile('http: { port: 65536 }'), [
    'file:1: http.port: 65536 is not allowed; allowed is a whole number from 0 to 65535',
  ]);
  assert.equal(inFile('http: { port: 1.5 }').length, 1);
  assert.equal(inFile('http: { port: .inf }').length, 1);
  assert.equal(inFile('http: { port: [1] }').length, 1);
  assert.equal(inFile('http:\n  port:\n').length, 1);
  assert.equal(inFile('dataDir: 5').length, 1);
  assert.equal(inFile('dataDir: ""').length, 1);
  assert.deepEqual(problemsOf({ environment: { HOLDFAST_HTTP_PORT: '80 ' } }), [
    'HOLDFAST_HTTP_PORT: http.port: "80 " is not allowed; allowed is a whole number from 0 to 65535',
  ]);
  assert.deepEqual(problemsOf({ flags: { 'log.level': 'loud' } }), [
    '--log-level: log.level: "loud" is not allowed; allowed is one of debug, info, warn, error',
  ]);
  assert.deepEqual(problemsOf({ flags: { retryIntervalMs: '999' } }), [
    '--retry-interval-ms: retryIntervalMs: 999 is not allowed; ' +
      'allowed is a whole number of milliseconds from 1000 to 31536000000',
  ]);
});

test('105: an interval below a second is refused; below dtm’s ten, or above the time-out, is fine', () => {
  assert.equal(problemsOf({ flags: { retryIntervalMs: '999' } }).length, 1);
  assert.equal(problemsOf({ flags: { timeoutToFailMs: '999' } }).length, 1);
  assert.deepEqual(problemsOf({ flags: { retryIntervalMs: '1000' } }), []);
  assert.deepEqual(problemsOf({ flags: { retryIntervalMs: '20000', timeoutToFailMs: '5000' } }), []);
});

test('all problems of all sources come at once, also of values that a later source overrides', () => {
  const file = yaml('http: { port: -1, prot: 2 }\n');
  const environment = { HOLDFAST_LOG_LEVEL: 'loud' };
  assert.equal(problemsOf({ file, environment, flags: { 'http.port': '5', dataDir: '' } }).length, 4);
});

test('a file that is no YAML, has duplicate keys, or no map, is refused with its line', () => {
  assert.match(inFile('http:\n  port: [1\n')[0] ?? '', /^file:\d: not valid YAML: /);
  assert.match(inFile('dataDir: a\nhttp: {}\ndataDir: b\n')[0] ?? '', /^file:3: not valid YAML: .*unique/);
  assert.deepEqual(inFile('- 1\n'), ['file:1: must be a map of settings']);
  assert.deepEqual(inFile('http: 80\n'), ['file:1: http: is a section: write its settings, indented, below http:']);
  assert.deepEqual(inFile('a: 1\n---\nb: 2\n'), [
    'file:2: the file must hold one YAML document, and a second one begins here',
  ]);
  assert.match(problemsOf({ file: join(folder, 'missing.yaml') })[0] ?? '', /^file: cannot be read \(ENOENT/);
});

test('an empty file, an empty section and an alias are fine', () => {
  assert.deepEqual(inFile(''), []);
  assert.deepEqual(inFile('# nothing\n'), []);
  assert.deepEqual(inFile('http:\n  # port: 1\nlog: {}\n'), []);
  const file = yaml('http: { port: &port 5 }\ngrpc: { port: 6 }\nretryIntervalMs: &r 2000\nbackoffCapMs: *r\n');
  assert.equal(loadSettings({ file }).backoffCapMs, 2000);
});

test('settings that contradict each other are refused, and who gave them is said', () => {
  assert.deepEqual(problemsOf({ environment: { HOLDFAST_BACKOFF_CAP_MS: '5000' } }), [
    'HOLDFAST_BACKOFF_CAP_MS: backoffCapMs: backoffCapMs must not be less than retryIntervalMs ' +
      '(backoffCapMs is 5000, retryIntervalMs is 10000 by default)',
  ]);
  assert.match(problemsOf({ flags: { 'http.port': '36790' } })[0] ?? '', /^--http-port: .*must differ from http.port/);
  assert.deepEqual(problemsOf({ flags: { 'http.port': '0', 'grpc.port': '0' } }), []);
  assert.deepEqual(problemsOf({ flags: { 'http.port': '36790', 'grpc.serve': 'off' } }), []);
  assert.equal(inFile('grpc: { tls: { certFile: a } }').length, 1);
  assert.equal(inFile('grpc: { tls: { keyFile: a } }').length, 1);
  assert.equal(inFile('grpc: { tls: { clientCaFile: a } }').length, 1);
  assert.deepEqual(inFile('grpc: { tls: { certFile: a, keyFile: b, clientCaFile: c } }'), []);
  assert.equal(inFile('journal: { softRows: 20000 }').length, 1);
  assert.equal(inFile('journal: { softBytes: 1073741824 }').length, 1);
});

test('names stand for lists of addresses, in the file and in the environment', () => {
  const file = yaml(
    'names:\n  orders: [http://10.0.0.1:8080, http://10.0.0.2:8080/v1]\n  stock: [10.0.0.3:9000, "grpcs://stock.shop:443"]\n',
  );
  const names = {
    orders: ['http://10.0.0.1:8080', 'http://10.0.0.2:8080/v1'],
    stock: ['10.0.0.3:9000', 'grpcs://stock.shop:443'],
  };
  assert.deepEqual(loadSettings({ file }).names, names);
  const HOLDFAST_NAMES =
    'orders=http://10.0.0.1:8080,http://10.0.0.2:8080/v1 stock=10.0.0.3:9000,grpcs://stock.shop:443';
  assert.deepEqual(loadSettings({ environment: { HOLDFAST_NAMES } }).names, names);
  assert.deepEqual(loadSettings().names, {});
});

test('every name with mistakes is told, all of them at once, and no address is repeated', () => {
  const forms =
    'must be http://host:port, https://host:port, either with a path, or for gRPC host:port, grpcs://host:port over TLS';
  assert.deepEqual(
    inFile(
      [
        'names:',
        '  Orders: [http://a:1]',
        '  empty: []',
        '  text: http://a:1',
        '  mixed: [http://a:1, "b:2"]',
        '  wrong: [ftp://a, "a", http:///a, 5, "http://u:p@a:1", "http://a:1/?q"]',
        '  twice: [a:1, a:1]',
      ].join('\n'),
    ),
    [
      'file:1: names.Orders: is not a valid name: use small letters, digits, dots, dashes and underscores, at most 63, and begin with a letter or digit',
      'file:1: names.empty: must be a list of 1 to 64 addresses',
      'file:1: names.text: must be a list of 1 to 64 addresses',
      'file:1: names.mixed: must be all http or https URLs (HTTP), or all host:port (gRPC)',
      ...[1, 2, 3, 4].map((index) => `file:1: names.wrong: address ${index} ${forms}`),
      'file:1: names.wrong: address 5 must not have a user or password',
      'file:1: names.wrong: address 6 must not have a query or fragment',
      'file:1: names.twice: must not have an address twice',
    ],
  );
  assert.deepEqual(inFile('names: 5\n'), ['file:1: names: must be a map from names to lists of addresses']);
  assert.equal(inFile('names: { a: [a:1] }\ndns: { servers: nowhere }\n').length, 1);
  assert.deepEqual(inFile('dns: { servers: "127.0.0.1:8600,::1,[::1]:53,10.0.0.1" }\n'), []);
});

test('the message lists every problem on a line of its own', () => {
  const error = new SettingsError([
    { origin: 'a.yaml:1', name: 'http.prot', text: 'is not a setting' },
    { origin: 'HOLDFAST_X', name: '', text: 'is not known' },
  ]);
  assert.equal(
    error.message,
    '2 settings are not valid\n  a.yaml:1: http.prot: is not a setting\n  HOLDFAST_X: is not known',
  );
});

test('a secret is not repeated, however wrong it is', () => {
  for (const value of [`http://u:planted@h/${'x'.repeat(3000)}`, 'ftp://u:planted@h']) {
    const text = problemsOf({ environment: { HOLDFAST_ALERT_WEBHOOK_URL: value } }).join();
    assert.match(text, /HOLDFAST_ALERT_WEBHOOK_URL: alert\.webhookUrl: /);
    assert.doesNotMatch(text, /planted/);
  }
});
